"""A pymongo `Database` in memory whose every operation may be killed, lost, late, unacknowledged or stale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from infra.simulation.collection import SimulatedCollection
from infra.simulation.discipline import BudgetDiscipline
from infra.simulation.documents import Document, copied
from infra.simulation.failovers import LoneWrites
from infra.simulation.faults import Faults
from infra.simulation.scheduler import Scheduler
from shared.adapters.mongo_indexes import INDEXES, Index

Watch = Callable[[str, Document], None]


@dataclass(slots=True)
class SimulatedDatabase:
    """Collections by name, as `database["ledger"]`; `watch` hears of every write that took effect.

    `shows_majority`: reads show what a majority has, as the real client asks, or what the primary has.
    """

    scheduler: Scheduler
    faults: Faults
    indexes: tuple[Index, ...] = INDEXES
    watch: Watch = lambda *_: None
    shows_majority: bool = True
    discipline: BudgetDiscipline = field(default_factory=BudgetDiscipline)
    lone_writes: LoneWrites = field(init=False)
    _collections: dict[str, SimulatedCollection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lone_writes = LoneWrites(self.faults, self._show_all)

    def __getitem__(self, name: str) -> SimulatedCollection:
        if name not in self._collections:
            self._collections[name] = SimulatedCollection(self, name)
        return self._collections[name]

    def documents(self, name: str) -> list[Document]:
        """Everything in a collection, for auditors."""
        return [copied(document) for document in self[name].documents.values()]

    def _show_all(self) -> None:
        for collection in self._collections.values():
            collection.show_all()
