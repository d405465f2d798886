"""What the scheduled run saw last, on MongoDB: one small document a name, written by settle alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing
from shared.domain.observations import Observation

if TYPE_CHECKING:
    from pymongo.database import Database


class MongoObservations:
    """ports.Observations over the collection `observations`; the facts are decimal strings.

    What a vault holds may pass 64 bits, which is all that the database's integers have.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._observations = database["observations"]

    def note(self, seen: Observation) -> None:
        from pymongo.errors import DuplicateKeyError

        content = {"at": seen.seen_ms, "facts": {name: str(value) for name, value in seen.facts.items()}}
        if self._renew(seen.name, content):
            return
        try:
            with writing():
                self._observations.insert_one({"_id": seen.name, **content})
        except DuplicateKeyError:
            # Somebody has seen it later, or was the first to see it, just now and earlier than this.
            self._renew(seen.name, content)

    def _renew(self, name: str, content: dict[str, Any]) -> bool:
        with writing():
            result = self._observations.update_one(
                {"_id": name, "at": {"$lte": content["at"]}}, {"$set": content}
            )
        return result.matched_count == 1

    def read(self, names: Collection[str]) -> list[Observation]:
        with reading():
            found = list(self._observations.find({"_id": {"$in": list(names)}}))
        return [
            Observation(
                document["_id"],
                int(document["at"]),
                {name: int(value) for name, value in document["facts"].items()},
            )
            for document in found
        ]
