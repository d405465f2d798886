"""The name other players see: never the Telegram id, and too short to find it by."""

from __future__ import annotations

import hashlib
from typing import Final

_MOODS: Final = (
    "Bold", "Brisk", "Calm", "Clever", "Daring", "Eager", "Fierce", "Gentle",
    "Grand", "Keen", "Lucky", "Nimble", "Proud", "Quick", "Sharp", "Silent",
)  # fmt: skip
_BEASTS: Final = (
    "Badger", "Bear", "Crane", "Eagle", "Falcon", "Fox", "Heron", "Lynx",
    "Marlin", "Orca", "Otter", "Owl", "Panther", "Raven", "Tiger", "Wolf",
)  # fmt: skip


def alias_of(account: str) -> str:
    """`Keen Otter 4821`: about 2.5 million aliases, so thousands of Telegram ids share each one."""
    digest = hashlib.sha256(f"alias:{account}".encode()).digest()
    number = int.from_bytes(digest[2:6], "big") % 10_000
    return f"{_MOODS[digest[0] % 16]} {_BEASTS[digest[1] % 16]} {number:04d}"
