"""A clock that stands still until the test moves it."""

from __future__ import annotations


class FakeClock:
    """A clock the test moves."""

    def __init__(self, now_ms: int = 1_795_000_000_000) -> None:
        self.time_ms = now_ms

    def now_ms(self) -> int:
        return self.time_ms

    def advance(self, *, seconds: float) -> None:
        self.time_ms += int(seconds * 1000)
