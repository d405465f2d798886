"""Which indexes a database has beside those that are declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pymongo.database import Database

from shared.adapters.mongo_indexes import INDEXES, ensure_indexes

State = Literal["there", "created", "unknown"]
_Key = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class IndexLine:
    """One index: `unknown` is one that nobody declares, left alone but worth a question."""

    state: State
    collection: str
    fields: str
    is_unique: bool

    def as_document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "state": self.state,
            "collection": self.collection,
            "fields": self.fields.split("+"),
            "unique": self.is_unique,
        }


def create_missing(database: Database[dict[str, Any]]) -> list[IndexLine]:
    """Create what is declared and missing; every index there then, by collection. Raises pymongo's errors.

    An index of the declared fields that lacks its uniqueness is an error of the server's, not silently kept.
    """
    before = set(_present(database))
    ensure_indexes(database)
    declared = {(index.collection, "+".join(index.fields), index.unique) for index in INDEXES}
    return [
        IndexLine(_state(key, before=before, declared=declared), *key) for key in sorted(_present(database))
    ]


def _state(key: _Key, *, before: set[_Key], declared: set[_Key]) -> State:
    if key not in declared:
        return "unknown"
    return "there" if key in before else "created"


def _present(database: Database[dict[str, Any]]) -> Iterator[_Key]:
    """Every index but that of `_id`, which each collection has by itself."""
    for collection in database.list_collection_names():
        for index in database[collection].list_indexes():
            fields = "+".join(index["key"])
            if fields != "_id":
                yield collection, fields, bool(index.get("unique"))
