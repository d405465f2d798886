"""How far scheduled tasks have come."""

from __future__ import annotations

from typing import Protocol


class Watermarks(Protocol):
    """Until which instant (ms) a scheduled task has seen everything; 0 when it never ran."""

    def read(self, name: str) -> int: ...

    def write(self, name: str, until_ms: int) -> None: ...
