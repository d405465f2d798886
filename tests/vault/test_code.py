"""The committed code is what the committed source compiles to, and its hash is pinned in three places."""

from __future__ import annotations

import json
import shutil
import subprocess

from infra.vault.code import CODE_HASH, COMPILED_FILE, vault_code
from tests.vault.conftest import ROOT

PINNED = "602ef837f24f121336f9fa25b958c2ef35ac92fffdf03e894ff4185bc834a6bf"


def test_the_code_hash_is_the_pinned_one() -> None:
    assert CODE_HASH == PINNED
    assert vault_code().hash.hex() == PINNED


def test_the_source_compiles_to_the_committed_code() -> None:
    node = shutil.which("node")
    assert node is not None
    script = (
        "require('./infra/vault/compile.js').compileVault()"
        ".then((compiled) => console.log(JSON.stringify(compiled)))"
    )
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, cwd=ROOT, check=True)
    compiled = json.loads(done.stdout)
    assert compiled == json.loads(COMPILED_FILE.read_text(encoding="utf-8"))
    assert compiled["codeHashHex"] == PINNED
    assert compiled["compiler"] == "tolk 1.3.0"
