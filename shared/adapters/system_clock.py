"""The time: the machine's own, or, in the local stack alone, shifted by a file's offset; and the uptime."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import InvariantBroken


@dataclass(frozen=True, slots=True)
class SystemClock:
    """Implements ports.clock.Clock with the machine's time."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def uptime_ms() -> int:
    """Milliseconds of a clock that nobody sets and that only moves on, for what one process remembers."""
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class FileOffsetClock:
    """Implements ports.clock.Clock for the local stack: the machine's time plus the file's milliseconds.

    The file is read at every question because another process moves it; bootstrap builds this only when
    LOCAL_CLOCK_FILE is set, which readiness refuses in production. A missing or odd file is InvariantBroken:
    falling back to real time would let parts of one stack disagree about now.
    """

    path: Path

    def now_ms(self) -> int:
        try:
            offset_ms = int(self.path.read_text())
        except (OSError, ValueError) as error:
            raise InvariantBroken("the local clock's file holds its offset in milliseconds") from error
        return time.time_ns() // 1_000_000 + offset_ms
