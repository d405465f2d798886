"""A bounded memory of instants by key, each worthless once it has passed."""

from __future__ import annotations

import time


def monotonic_us() -> int:
    """Microseconds since some moment, never going back."""
    return time.monotonic_ns() // 1000


class ExpiringInstants:
    """Keys with the instant, in any one unit of time, until which they matter.

    Holds at most `size_max` of them: past instants go first, then the half that ends soonest. Not
    safe for several threads by itself.
    """

    def __init__(self, *, size_max: int) -> None:
        self._size_max = size_max
        self._instants: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._instants)

    def get(self, key: str) -> int:
        """The key's instant, past or not; 0 when there is none."""
        return self._instants.get(key, 0)

    def put(self, key: str, instant: int, *, now: int) -> None:
        """Remember the key until `instant`, making room first where there is none."""
        if key not in self._instants and len(self._instants) >= self._size_max:
            self._make_room(now)
        self._instants[key] = instant

    def _make_room(self, now: int) -> None:
        # Halving, so that a flood of new keys pays for one sort per many insertions.
        current = [(key, instant) for key, instant in self._instants.items() if instant > now]
        if len(current) >= self._size_max:
            current.sort(key=lambda pair: pair[1])
            current = current[len(current) // 2 :]
        self._instants = dict(current)
