"""The one spelling of a JSON document, for whoever hashes it."""

from __future__ import annotations

import json
from typing import Any


def canonical_bytes(document: Any) -> bytes:
    """Sorted keys, no spaces, no floats that are no numbers; UTF-8."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()
