"""A pymongo `Collection` in memory: the operations that adapters use, on one document each or found by an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

from infra.simulation.cursor import Cursor
from infra.simulation.documents import Document, NotAllowed, copied, matches, updated
from infra.simulation.faults import Fate
from infra.simulation.kept_documents import KeptDocuments
from infra.simulation.operations import Operations

if TYPE_CHECKING:
    from infra.simulation.database import SimulatedDatabase

_DUPLICATE = 11000


class SimulatedCollection:
    """One collection: single-document operations, atomic, in one order."""

    def __init__(self, database: SimulatedDatabase, name: str) -> None:
        self._kept = KeptDocuments(database, name)
        self.documents = self._kept.documents
        self._database, self._name = database, name
        self._operations = Operations(database, name, self._kept)
        self._indexed = {index.fields[0] for index in database.indexes if index.collection == name}

    def insert_one(self, document: Mapping[str, Any]) -> InsertOneResult:
        new = copied(document)
        holds = self._database.discipline.current()
        counted_on = sum(amount for _, amount in new.get("bud", ()))

        def apply() -> int:
            self._kept.insert(new)
            holds.counted_on += counted_on
            return 1

        def undo() -> None:
            holds.counted_on -= counted_on

        self._operations.write("insert", new["_id"], apply, undo=undo)
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
            found = self._matching(document_id, wanted)
            if found is None:
                if upsert:
                    self._kept.insert(updated({"_id": document_id}, change))
                return 0
            self._kept.store(updated(found, change))
            holds.held -= amount
            return 1

        def undo() -> None:
            holds.held += amount

        try:
            count = self._operations.write("update", document_id, apply, undo=undo)
        except PyMongoError:
            discipline.failed(document_id, amount)
            raise
        discipline.succeeded(document_id, amount)
        return UpdateResult({"n": count, "nModified": count}, acknowledged=True)

    def replace_one(self, conditions: Mapping[str, Any], document: Mapping[str, Any]) -> UpdateResult:
        document_id = _id_of(conditions)
        wanted, new = copied(conditions), {**copied(document), "_id": document_id}

        def apply() -> int:
            if self._matching(document_id, wanted) is None:
                return 0
            self._kept.store(new)
            return 1

        count = self._operations.write("replace", document_id, apply)
        return UpdateResult({"n": count, "nModified": count}, acknowledged=True)

    def delete_one(self, conditions: Mapping[str, Any]) -> DeleteResult:
        document_id = _id_of(conditions)
        wanted = copied(conditions)

        def apply() -> int:
            if self._matching(document_id, wanted) is None:
                return 0
            self._kept.delete(document_id)
            return 1

        count = self._operations.write("delete", document_id, apply)
        return DeleteResult({"n": count}, acknowledged=True)

    def find_one(self, conditions: Mapping[str, Any]) -> Document | None:
        return next(iter(self._find(conditions)), None)

    def find(self, conditions: Mapping[str, Any], fields: Mapping[str, int] | None = None) -> Cursor:
        found = self._find(conditions)
        if fields is None:
            return Cursor(found)
        return Cursor([{name: each[name] for name in ("_id", *fields) if name in each} for each in found])

    def show_all(self) -> None:
        """A majority has everything from now on."""
        self._kept.had.clear()

    def _matching(self, document_id: str, wanted: Mapping[str, Any]) -> Document | None:
        """What a write changes: always the primary's own."""
        found = self._kept.documents.get(document_id)
        return found if found is not None and matches(found, wanted) else None

    def _find(self, conditions: Mapping[str, Any]) -> list[Document]:
        name, wanted = self._selecting(conditions)
        fate = self._operations.read(wanted if name == "_id" else "", is_one=isinstance(wanted, str))
        if name == "_id":
            ids = wanted["$in"] if isinstance(wanted, Mapping) else [wanted]
            read_at = self._kept.stale_at if fate is Fate.STALE else self._kept.shown_at
            found = [read_at(document_id) for document_id in ids]
            return [copied(document) for document in found if document is not None]
        return [copied(document) for document in self._kept.shown() if matches(document, conditions)]

    def _selecting(self, conditions: Mapping[str, Any]) -> tuple[str, Any]:
        """The condition by which a find selects; a range of a field without an index may narrow it."""
        (name, wanted), *ranges = conditions.items()
        if name != "_id" and name not in self._indexed:
            raise NotAllowed(f"a find on {self._name} by {name}, which has no index")
        narrows = all(isinstance(each, Mapping) and path not in self._indexed for path, each in ranges)
        if ranges and (name == "_id" or isinstance(wanted, Mapping) or not narrows):
            raise NotAllowed("a find by more than one field scans on some servers")
        return name, wanted


def _id_of(conditions: Mapping[str, Any]) -> str:
    document_id = conditions.get("_id")
    if not isinstance(document_id, str):
        raise NotAllowed("a write by anything but _id scans")
    return document_id
