"""The day's chance: committed to in public before its first battle, published after its day."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND, day_before, utc_day
from shared.domain.errors import InvariantBroken, Refused, Unavailable
from shared.domain.fairness import (
    DaySeed,
    FairnessRecord,
    commitment_of,
    day_seed,
    epoch_name,
    key_id_of,
    last_row_before_ms,
    published_at_ms,
)

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.ports.fairness import FairnessStore

RECHECK_MS: Final = 60 * MS_PER_SECOND
MAX_EPOCHS: Final = 10


@dataclass(slots=True)
class _Known:
    """What this process knows of a day and when it last asked whether another epoch counts."""

    seed: DaySeed
    checked_ms: int


@dataclass(slots=True)
class FairnessSecrets:
    """Turns the secret into the seeds of days; one per process.

    `secrets` answers the current secret first and may add the one before it, so that a rotation
    takes effect at the next UTC day and the day under way keeps its commitment.
    """

    store: FairnessStore
    clock: Clock
    secrets: Callable[[], Sequence[bytes]]
    _known: dict[str, _Known] = field(default_factory=dict)

    def seed_of(self, day: str) -> DaySeed:
        """The seed battles of this UTC day are decided with; its commitment is public by then.

        Raises Unavailable `fairness_unavailable` when no secret here reproduces the commitment, and
        `day_is_over` from 00:10 UTC of the next day: a row must be written long before the seed is known.
        """
        now_ms = self.clock.now_ms()
        if now_ms >= last_row_before_ms(day):
            raise Unavailable("This day's battles are closed", code="day_is_over")
        known = self._known.get(day)
        if known is None or not 0 <= now_ms - known.checked_ms < RECHECK_MS:
            known = _Known(self._current_seed(day), now_ms)
            if len(self._known) > 3:
                self._known.clear()
            self._known[day] = known
        return known.seed

    def records_of(self, day: str) -> list[FairnessRecord]:
        """All epochs of a day; today is committed to and a past day published if nobody did so yet.

        A commitment that no secret here reproduces is shown all the same: it stops battles, not its readers.
        """
        records = self.store.epochs(day)
        if not records and day == utc_day(self.clock.now_ms()):
            self.seed_of(day)
            records = self.store.epochs(day)
        return [self._published(record) for record in records]

    def past(self, days: Sequence[str]) -> list[FairnessRecord]:
        """All epochs of these days, published where that is due; the order of the days, then of their epochs."""
        return [self._published(record) for record in self.store.of_days(days)]

    def record(self, epoch: str) -> FairnessRecord:
        """One epoch, published if that is due. Raises Refused `fairness_unknown`."""
        for record in self.store.epochs(epoch.partition(":")[0]):
            if record.epoch == epoch:
                return self._published(record)
        raise Refused("There is no such day", code="fairness_unknown")

    def open_epoch(self, *, note: str) -> FairnessRecord:
        """Commit to the current secret at once, after the old one was compromised; `note` is public."""
        day = utc_day(self.clock.now_ms())
        number = len(self.store.epochs(day))
        if number >= MAX_EPOCHS:
            raise Refused("A day has at most ten epochs", code="too_many_epochs")
        record = self._commitment(epoch_name(day, number), note=note)
        self.store.insert(record)
        self._known.pop(day, None)
        return record

    def _current_seed(self, day: str) -> DaySeed:
        records = self.store.epochs(day)
        if not records:
            self.store.insert(self._commitment(epoch_name(day, 0), note=""))
            for record in self.store.epochs(day_before(day)):
                self._published(record)
            records = self.store.epochs(day)
        if not records:
            raise Unavailable("The commitment was not stored", code="fairness_unavailable")
        seed = self._reproduced(records[-1])
        if seed is None:
            raise Unavailable("The secret here is not the one of this day", code="fairness_unavailable")
        return DaySeed(records[-1].epoch, seed)

    def _commitment(self, epoch: str, *, note: str) -> FairnessRecord:
        secret = self._all_secrets()[0]
        return FairnessRecord(
            epoch=epoch,
            commitment=commitment_of(day_seed(secret, epoch)),
            key_id=key_id_of(secret),
            created_ms=self.clock.now_ms(),
            note=note,
        )

    def _reproduced(self, record: FairnessRecord) -> bytes | None:
        """The seed behind a commitment, if one of our secrets is the one it was made with."""
        for secret in self._all_secrets():
            seed = day_seed(secret, record.epoch)
            if hmac.compare_digest(commitment_of(seed), record.commitment):
                return seed
        return None

    def _published(self, record: FairnessRecord) -> FairnessRecord:
        """The record with its seed, stored for good, once 01:00 UTC of the next day has passed."""
        if record.seed or self.clock.now_ms() < published_at_ms(record.epoch):
            return record
        seed = self._reproduced(record)
        if seed is None:
            return record
        self.store.publish(record.epoch, seed=seed.hex())
        return FairnessRecord(
            record.epoch, record.commitment, record.key_id, record.created_ms, seed.hex(), record.note
        )

    def _all_secrets(self) -> Sequence[bytes]:
        secrets = self.secrets()
        if not secrets:
            raise InvariantBroken("a function that decides battles holds the battle secret")
        return secrets
