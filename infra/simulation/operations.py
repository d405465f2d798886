"""The way of one operation to the documents and back: it waits for its turn, and then it meets its fate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pymongo.errors import DuplicateKeyError, NetworkTimeout, WTimeoutError

from infra.simulation.faults import Fate, ProcessKilled
from infra.simulation.kept_documents import KeptDocuments

if TYPE_CHECKING:
    from infra.simulation.database import SimulatedDatabase

STALE_COLLECTIONS = ("players",)
"""Where the protocol promises to bear old reads of one: a player's document is only ever a projection.

An auditor, who asks for several, is not among those who decide by it."""

DEADLINE_MS = 45_000
"""Far above the driver's own: a process frozen for longer finds its operation out of time, unsent."""


class Operations:
    """Every read and write of one collection, one after another."""

    def __init__(self, database: SimulatedDatabase, name: str, kept: KeptDocuments) -> None:
        self._database, self._name, self._kept = database, name, kept

    def read(self, subject: object, *, is_one: bool) -> Fate:
        """Answers FINE, SLOW or STALE; any other fate is raised."""
        scheduler, faults = self._database.scheduler, self._database.faults
        self._wait_my_turn()
        fate = faults.of_read(may_be_stale=is_one and self._name in STALE_COLLECTIONS)
        scheduler.note(self._name, "find", subject, fate.value)
        if fate is Fate.KILLED_BEFORE:
            raise ProcessKilled
        if fate is Fate.LOST:
            raise faults.error(fate)
        if fate is Fate.SLOW:
            scheduler.give_way()
        return fate

    def write(
        self,
        verb: str,
        document_id: str,
        apply: Callable[[], int],
        *,
        undo: Callable[[], None] = lambda: None,
    ) -> int:
        """What `apply` answered: how many documents it changed. `undo` is for a failover, beside the document's own."""
        scheduler, faults = self._database.scheduler, self._database.faults
        self._wait_my_turn()
        fate = faults.of_write()
        scheduler.note(self._name, verb, document_id, fate.value)
        if fate is Fate.KILLED_BEFORE:
            raise ProcessKilled
        if fate in (Fate.LOST, Fate.NOT_SENT, Fate.NOT_NOW):
            raise faults.error(fate)
        if fate is Fate.LATE:
            scheduler.send_late(partial(self._land_alone, document_id, apply, undo))
            raise faults.error(fate)
        if fate is Fate.UNACKNOWLEDGED:
            self._land_alone(document_id, apply, undo)
            raise faults.error(fate)
        count = self._acknowledged(document_id, apply, undo)
        if fate is Fate.KILLED_AFTER:
            raise ProcessKilled
        if fate is Fate.SLOW:
            scheduler.give_way()
        return count

    def _acknowledged(self, document_id: str, apply: Callable[[], int], undo: Callable[[], None]) -> int:
        """A majority has it, and so everything before it; or the primary waits for one in vain.

        A server waits for its majority though a write changed nothing; a taken key it says at once.
        """
        lone_writes = self._database.lone_writes
        if not lone_writes.is_cut_off:
            lone_writes.confirmed()
            return apply()
        if not self._land_alone(document_id, apply, undo):
            apply()
        raise WTimeoutError("simulated: waiting for replication timed out", 64, {})

    def _land_alone(self, document_id: str, apply: Callable[[], int], undo: Callable[[], None]) -> bool:
        """A write whose sender hears nothing of it, not even that its key was taken; the primary has it alone."""
        before, restore = self._kept.documents.get(document_id), self._kept.restoring(document_id)
        try:
            count = apply()
        except DuplicateKeyError:
            return False
        if not count:
            return False

        def take_back() -> None:
            undo()
            restore()

        self._kept.had.setdefault(document_id, before)
        self._database.lone_writes.undo.append(take_back)
        self._database.scheduler.is_held = True
        return True

    def _wait_my_turn(self) -> None:
        scheduler = self._database.scheduler
        began_ms = scheduler.now_ms
        scheduler.give_way()
        if scheduler.now_ms - began_ms > DEADLINE_MS:
            scheduler.note(self._name, "out of time")
            raise NetworkTimeout("simulated: the operation ran out of time before it was sent")
        if became := self._database.lone_writes.pass_time():
            scheduler.note(became)
        scheduler.is_held = self._database.lone_writes.is_waiting
