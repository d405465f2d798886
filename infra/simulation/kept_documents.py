"""What one collection keeps: documents by id, their unique keys, their former versions, and what a majority has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from infra.simulation.documents import Document

if TYPE_CHECKING:
    from infra.simulation.database import SimulatedDatabase

KEPT_VERSIONS = 4


class KeptDocuments:
    """The primary's documents; a change is whole or, for a key that another document has, is none."""

    def __init__(self, database: SimulatedDatabase, name: str) -> None:
        self.documents: dict[str, Document] = {}
        self.had: dict[str, Document | None] = {}
        """What a majority has of the documents whose last writes the primary alone has."""
        self._database, self._name = database, name
        self._past: dict[str, list[Document]] = defaultdict(list)
        self._unique = [
            index.fields[0] for index in database.indexes if index.collection == name and index.unique
        ]
        self._taken: dict[tuple[str, Any], str] = {}

    def insert(self, document: Document) -> None:
        """Raises DuplicateKeyError, as `store` does."""
        if document["_id"] in self.documents:
            raise DuplicateKeyError("E11000 duplicate key error", 11000, {})
        self.store(document)

    def store(self, document: Document) -> None:
        """Put it in the place of whatever has its id."""
        document_id: str = document["_id"]
        names = [(name, document[name]) for name in self._unique if name in document]
        if any(self._taken.get(name, document_id) != document_id for name in names):
            raise DuplicateKeyError("E11000 duplicate key error", 11000, {})
        self._forget_names(document_id)
        self._taken.update(dict.fromkeys(names, document_id))
        self._remember(document_id)
        self.documents[document_id] = document
        self._database.watch(self._name, document)

    def delete(self, document_id: str) -> None:
        self._remember(document_id)
        self._forget_names(document_id)
        del self.documents[document_id]

    def restoring(self, document_id: str) -> Callable[[], None]:
        """What puts this one document back to as it is now."""
        before, past = self.documents.get(document_id), list(self._past[document_id])

        def restore() -> None:
            self._forget_names(document_id)
            self._past[document_id] = past
            if before is None:
                del self.documents[document_id]
                return
            self.documents[document_id] = before
            self._taken.update({(name, before[name]): document_id for name in self._unique if name in before})

        return restore

    def shown(self) -> Iterator[Document]:
        """Everything, as a read shows it."""
        if not self.had or not self._database.shows_majority:
            yield from self.documents.values()
            return
        for document_id in list(self.documents | self.had):
            document = self.shown_at(document_id)
            if document is not None:
                yield document

    def shown_at(self, document_id: str) -> Document | None:
        if document_id in self.had and self._database.shows_majority:
            return self.had[document_id]
        return self.documents.get(document_id)

    def stale_at(self, document_id: str) -> Document | None:
        """Some former version, where there is one that a majority had."""
        past = self._past[document_id]
        if past and document_id not in self.had:
            return self._database.faults.chance.choice(past)
        return self.shown_at(document_id)

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
