"""The stack's one clock: real time plus an offset in milliseconds that lives in a file.

Functions, chain and gateway all read the same file at every question, so moving time moves it for all.
"""

from __future__ import annotations

import os
import time
from pathlib import Path


def read_offset_ms(path: Path) -> int:
    """The offset now in force."""
    return int(path.read_text())


def write_offset_ms(path: Path, offset_ms: int) -> None:
    """Set the offset; a reader sees the old one or the new one, never a torn file."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.new")
    scratch.write_text(f"{offset_ms}\n")
    scratch.replace(path)


def stack_now_ms(path: Path) -> int:
    """What time it is for the stack, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000 + read_offset_ms(path)
