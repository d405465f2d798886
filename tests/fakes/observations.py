"""What the scheduled run saw last, in memory."""

from __future__ import annotations

from collections.abc import Collection

from shared.domain.observations import Observation


class FakeObservations:
    """ports.observations.Observations in memory."""

    def __init__(self) -> None:
        self.noted: dict[str, Observation] = {}

    def note(self, seen: Observation) -> None:
        last = self.noted.get(seen.name)
        if last is None or last.seen_ms <= seen.seen_ms:
            self.noted[seen.name] = seen

    def read(self, names: Collection[str]) -> list[Observation]:
        return [self.noted[name] for name in names if name in self.noted]
