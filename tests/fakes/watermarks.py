"""How far scheduled tasks have come, in memory."""

from __future__ import annotations


class FakeWatermarks:
    """ports.watermarks.Watermarks in memory."""

    def __init__(self) -> None:
        self.instants: dict[str, int] = {}

    def read(self, name: str) -> int:
        return self.instants.get(name, 0)

    def write(self, name: str, until_ms: int) -> None:
        self.instants[name] = until_ms
