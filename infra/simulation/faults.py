"""What may happen to one database operation, and how often; the errors are pymongo's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random  # noqa: TID251 - a simulation's chance comes from its seed, not from a battle's
from typing import Final

from pymongo.errors import (
    AutoReconnect,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)


class ProcessKilled(BaseException):
    """The process ends here and now; nothing of its own ever catches this."""


class Fate(Enum):
    """What becomes of one operation."""

    FINE = "fine"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    UNACKNOWLEDGED = "done, not acknowledged"
    LOST = "lost on the way"
    LATE = "still on its way"
    NOT_SENT = "not sent"
    NOT_NOW = "the server says not now"
    STALE = "stale"
    SLOW = "slow"


WRITE_FATES: Final = (
    (Fate.KILLED_BEFORE, 14),
    (Fate.KILLED_AFTER, 18),
    (Fate.UNACKNOWLEDGED, 14),
    (Fate.LOST, 6),
    (Fate.LATE, 12),
    (Fate.NOT_SENT, 4),
    (Fate.NOT_NOW, 4),
    (Fate.SLOW, 10),
)
READ_FATES: Final = ((Fate.KILLED_BEFORE, 14), (Fate.LOST, 8), (Fate.STALE, 60), (Fate.SLOW, 10))
"""Weights in a thousand operations of a fully hostile run."""

MakeError = Callable[[], PyMongoError]
UNACKNOWLEDGED_ERRORS: Final[tuple[MakeError, ...]] = (
    lambda: NetworkTimeout("simulated: timed out"),
    lambda: AutoReconnect("simulated: connection closed"),
    lambda: WTimeoutError("simulated: waiting for replication timed out", 64, {}),
)
LOST_ERRORS: Final[tuple[MakeError, ...]] = (
    lambda: NetworkTimeout("simulated: timed out"),
    lambda: NotPrimaryError("simulated: not primary"),
)
NOT_NOW_ERRORS: Final[tuple[MakeError, ...]] = (
    lambda: OperationFailure("simulated: primary stepped down", 189),
    lambda: OperationFailure("simulated: interrupted due to replica state change", 11602),
)


@dataclass(slots=True)
class Faults:
    """Draws fates; `hostility` 0 is a perfect world, 1 the worst one."""

    chance: Random
    hostility: float

    def of_write(self) -> Fate:
        return self._drawn(WRITE_FATES)

    def of_read(self, *, may_be_stale: bool) -> Fate:
        fate = self._drawn(READ_FATES)
        return Fate.FINE if fate is Fate.STALE and not may_be_stale else fate

    def error(self, fate: Fate) -> PyMongoError:
        """What pymongo raises for this fate."""
        if fate is Fate.NOT_SENT:
            return ServerSelectionTimeoutError("simulated: no server")
        errors = {Fate.UNACKNOWLEDGED: UNACKNOWLEDGED_ERRORS, Fate.NOT_NOW: NOT_NOW_ERRORS}
        return self.chance.choice(errors.get(fate, LOST_ERRORS))()

    def happens(self, in_a_thousand: float) -> bool:
        return self.chance.random() * 1000 < in_a_thousand * self.hostility

    def _drawn(self, fates: tuple[tuple[Fate, int], ...]) -> Fate:
        if not self.hostility:
            return Fate.FINE
        point = self.chance.random() * 1000
        for fate, weight in fates:
            point -= weight * self.hostility
            if point < 0:
                return fate
        return Fate.FINE
