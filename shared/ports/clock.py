"""What time it is."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """UTC now. Locally shifted by the stack's one clock offset, never in production."""

    def now_ms(self) -> int: ...
