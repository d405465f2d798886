"""A pymongo `Collection` in memory: single-document operations, atomic, in one order, each with a fate of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError, DuplicateKeyError, NetworkTimeout, PyMongoError, WTimeoutError
from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

from infra.simulation.documents import Document, NotAllowed, copied, matches, updated, value_at
from infra.simulation.faults import Fate, ProcessKilled

if TYPE_CHECKING:
    from infra.simulation.database import SimulatedDatabase

STALE_COLLECTIONS = ("players",)
"""Where the protocol promises to bear old reads of one: a player's document is only ever a projection.

An auditor, who asks for several, is not among those who decide by it."""

KEPT_VERSIONS = 4
_DUPLICATE = 11000
DEADLINE_MS = 45_000
"""Far above the driver's own: a process frozen for longer finds its operation out of time, unsent."""


@dataclass(slots=True)
class Cursor:
    """The part of pymongo's cursor that adapters use."""

    documents: list[Document]

    def limit(self, count: int) -> Cursor:
        return Cursor(self.documents[:count])

    def batch_size(self, count: int) -> Cursor:  # noqa: ARG002 - pymongo's own shape
        """One answer holds everything here."""
        return self

    def sort(self, field_name: str, direction: int) -> Cursor:
        """By a path that all of these documents have."""
        return Cursor(
            sorted(self.documents, key=lambda found: value_at(found, field_name), reverse=direction < 0)
        )

    def __iter__(self) -> Iterator[Document]:
        return iter(self.documents)


class SimulatedCollection:
    """One collection: single-document operations, atomic, in one order."""

    def __init__(self, database: SimulatedDatabase, name: str) -> None:
        self.documents: dict[str, Document] = {}
        self.had: dict[str, Document | None] = {}
        """What a majority has of the documents whose last writes the primary alone has."""
        self._database, self._name = database, name
        self._past: dict[str, list[Document]] = defaultdict(list)
        mine = [index for index in database.indexes if index.collection == name]
        self._indexed = {index.fields[0] for index in mine}
        self._unique = [index.fields[0] for index in mine if index.unique]
        self._taken: dict[tuple[str, Any], str] = {}

    def insert_one(self, document: Mapping[str, Any]) -> InsertOneResult:
        new = copied(document)
        holds = self._database.discipline.current()
        counted_on = sum(amount for _, amount in new.get("bud", ()))

        def apply() -> int:
            self._insert(new)
            holds.counted_on += counted_on
            return 1

        def undo() -> None:
            holds.counted_on -= counted_on

        self._write("insert", new["_id"], apply, undo=undo)
        return InsertOneResult(new["_id"], acknowledged=True)

    def insert_many(self, documents: Sequence[Mapping[str, Any]], *, ordered: bool) -> None:
        """Each by itself, as a server does; what breaks off in between leaves those before it."""
        if ordered:
            raise NotAllowed("documents that are inserted together do not wait for one another")
        taken = []
        for index, document in enumerate(documents):
            try:
                self.insert_one(document)
            except DuplicateKeyError:
                taken.append({"index": index, "code": _DUPLICATE})
        if taken:
            raise BulkWriteError({"writeErrors": taken, "writeConcernErrors": []})

    def update_one(
        self, conditions: Mapping[str, Any], update: Mapping[str, Any], *, upsert: bool = False
    ) -> UpdateResult:
        document_id = _id_of(conditions)
        wanted, change = copied(conditions), copied(update)
        discipline = self._database.discipline
        amounts = change.get("$inc", {}) if self._name == "budget" else {}
        # What lowers the cap as well is no hold.
        amount = 0 if "cap" in amounts else int(amounts.get("avail", 0))
        holds = discipline.sends(document_id, amount)

        def apply() -> int:
            found = self.documents.get(document_id)
            if found is None or not matches(found, wanted):
                if upsert:
                    self._insert(updated({"_id": document_id}, change))
                return 0
            self._store(updated(found, change))
            holds.held -= amount
            return 1

        def undo() -> None:
            holds.held += amount

        try:
            count = self._write("update", document_id, apply, undo=undo)
        except PyMongoError:
            discipline.failed(document_id, amount)
            raise
        discipline.succeeded(document_id, amount)
        return UpdateResult({"n": count, "nModified": count}, acknowledged=True)

    def replace_one(self, conditions: Mapping[str, Any], document: Mapping[str, Any]) -> UpdateResult:
        document_id = _id_of(conditions)
        wanted, new = copied(conditions), {**copied(document), "_id": document_id}

        def apply() -> int:
            found = self.documents.get(document_id)
            if found is None or not matches(found, wanted):
                return 0
            self._store(new)
            return 1

        count = self._write("replace", document_id, apply)
        return UpdateResult({"n": count, "nModified": count}, acknowledged=True)

    def delete_one(self, conditions: Mapping[str, Any]) -> DeleteResult:
        document_id = _id_of(conditions)
        wanted = copied(conditions)

        def apply() -> int:
            found = self.documents.get(document_id)
            if found is None or not matches(found, wanted):
                return 0
            self._remember(document_id)
            self._forget_names(document_id)
            del self.documents[document_id]
            return 1

        count = self._write("delete", document_id, apply)
        return DeleteResult({"n": count}, acknowledged=True)

    def find_one(self, conditions: Mapping[str, Any]) -> Document | None:
        return next(iter(self._find(conditions)), None)

    def find(self, conditions: Mapping[str, Any], fields: Mapping[str, int] | None = None) -> Cursor:
        found = self._find(conditions)
        if fields is None:
            return Cursor(found)
        return Cursor([{name: each[name] for name in ("_id", *fields) if name in each} for each in found])

    def _find(self, conditions: Mapping[str, Any]) -> list[Document]:
        name, wanted = self._selecting(conditions)
        fate = self._read_fate(wanted if name == "_id" else "", is_one=isinstance(wanted, str))
        if name == "_id":
            ids = wanted["$in"] if isinstance(wanted, Mapping) else [wanted]
            found = [self._as_of(document_id, fate) for document_id in ids]
            return [copied(document) for document in found if document is not None]
        return [copied(document) for document in self._shown() if matches(document, conditions)]

    def _selecting(self, conditions: Mapping[str, Any]) -> tuple[str, Any]:
        """The condition by which a find selects; a range of a field without an index may narrow it."""
        (name, wanted), *ranges = conditions.items()
        if name != "_id" and name not in self._indexed:
            raise NotAllowed(f"a find on {self._name} by {name}, which has no index")
        narrows = all(isinstance(each, Mapping) and path not in self._indexed for path, each in ranges)
        if ranges and (name == "_id" or isinstance(wanted, Mapping) or not narrows):
            raise NotAllowed("a find by more than one field scans on some servers")
        return name, wanted

    def _shown(self) -> Iterator[Document]:
        if not self.had or not self._database.shows_majority:
            yield from self.documents.values()
            return
        for document_id in list(self.documents | self.had):
            document = self._shown_at(document_id)
            if document is not None:
                yield document

    def _shown_at(self, document_id: str) -> Document | None:
        if document_id in self.had and self._database.shows_majority:
            return self.had[document_id]
        return self.documents.get(document_id)

    def _as_of(self, document_id: str, fate: Fate) -> Document | None:
        past = self._past[document_id]
        if fate is Fate.STALE and past and document_id not in self.had:
            return self._database.faults.chance.choice(past)
        return self._shown_at(document_id)

    def _read_fate(self, subject: object, *, is_one: bool) -> Fate:
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

    def _write(
        self,
        verb: str,
        document_id: str,
        apply: Callable[[], int],
        *,
        undo: Callable[[], None] = lambda: None,
    ) -> int:
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
        before, past = self.documents.get(document_id), list(self._past[document_id])
        try:
            count = apply()
        except DuplicateKeyError:
            return False
        if not count:
            return False

        def take_back() -> None:
            undo()
            self._forget_names(document_id)
            self._past[document_id] = past
            if before is None:
                del self.documents[document_id]
                return
            self.documents[document_id] = before
            self._taken.update({(name, before[name]): document_id for name in self._unique if name in before})

        self.had.setdefault(document_id, before)
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

    def _insert(self, document: Document) -> int:
        if document["_id"] in self.documents:
            raise DuplicateKeyError("E11000 duplicate key error", 11000, {})
        self._store(document)
        return 1

    def _store(self, document: Document) -> None:
        document_id: str = document["_id"]
        names = [(name, document[name]) for name in self._unique if name in document]
        if any(self._taken.get(name, document_id) != document_id for name in names):
            raise DuplicateKeyError("E11000 duplicate key error", 11000, {})
        self._forget_names(document_id)
        self._taken.update(dict.fromkeys(names, document_id))
        self._remember(document_id)
        self.documents[document_id] = document
        self._database.watch(self._name, document)

    def _forget_names(self, document_id: str) -> None:
        former = self.documents.get(document_id, {})
        for name in self._unique:
            if name in former:
                self._taken.pop((name, former[name]), None)

    def _remember(self, document_id: str) -> None:
        past = self._past[document_id]
        if document_id in self.documents:
            past.append(self.documents[document_id])
            del past[:-KEPT_VERSIONS]


def _id_of(conditions: Mapping[str, Any]) -> str:
    document_id = conditions.get("_id")
    if not isinstance(document_id, str):
        raise NotAllowed("a write by anything but _id scans")
    return document_id
