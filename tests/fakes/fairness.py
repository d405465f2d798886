"""Each day's chance in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.fairness import FairnessRecord


class FakeFairnessStore:
    """ports.fairness.FairnessStore in memory."""

    def __init__(self) -> None:
        self.records: dict[str, FairnessRecord] = {}

    def epochs(self, day: str) -> list[FairnessRecord]:
        names = [day, *(f"{day}:{number}" for number in range(1, 10))]
        return [self.records[name] for name in names if name in self.records]

    def of_days(self, days: Sequence[str]) -> list[FairnessRecord]:
        return [record for day in days for record in self.epochs(day)]

    def insert(self, record: FairnessRecord) -> None:
        self.records.setdefault(record.epoch, record)

    def publish(self, epoch: str, *, seed: str) -> None:
        if not self.records[epoch].seed:
            self.records[epoch] = replace(self.records[epoch], seed=seed)
