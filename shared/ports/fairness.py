"""Where each day's chance is committed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.fairness import FairnessRecord


class FairnessStore(Protocol):
    """Commitments of each day's chance and, once the day is over, its seeds; nothing else ever changes."""

    def epochs(self, day: str) -> list[FairnessRecord]:
        """The records of a UTC day, the one that counts last; at most ten."""
        ...

    def of_days(self, days: Sequence[str]) -> list[FairnessRecord]:
        """Each day's first record, for the days that have one, in the order asked for."""
        ...

    def insert(self, record: FairnessRecord) -> None:
        """Insert unless the epoch exists already: a commitment is made once."""
        ...

    def publish(self, epoch: str, *, seed: str) -> None:
        """Set the epoch's seed unless it is public already."""
        ...
