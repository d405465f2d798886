"""The compiled vault contract: its code and the hash that tells a true vault from a look-alike."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Final

from shared.domain.errors import ensure
from shared.domain.ton.boc import read_boc
from shared.domain.ton.cell import Cell

COMPILED_FILE: Final = Path(__file__).with_name("vault.compiled.json")

# Written here by hand, not read from the file: changing the contract takes two deliberate steps.
CODE_HASH: Final = "602ef837f24f121336f9fa25b958c2ef35ac92fffdf03e894ff4185bc834a6bf"


@cache
def vault_code() -> Cell:
    """The contract's code; InvariantBroken when the committed file is not the pinned code."""
    compiled = json.loads(COMPILED_FILE.read_text(encoding="utf-8"))
    code = read_boc(base64.b64decode(compiled["codeBoc64"], validate=True))
    ensure(code.hash.hex() == CODE_HASH, "the compiled vault is the pinned one")
    return code
