"""How far scheduled work has come, on MongoDB: one small document each, no money in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing

if TYPE_CHECKING:
    from pymongo.database import Database


class MongoWatermarks:
    """ports.watermarks.Watermarks over the collection `progress`; losing one only means looking further back."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._progress = database["progress"]

    def read(self, name: str) -> int:
        with reading():
            document = self._progress.find_one({"_id": name})
        return 0 if document is None else int(document["until"])

    def write(self, name: str, until_ms: int) -> None:
        from pymongo.errors import DuplicateKeyError

        with writing():
            result = self._progress.update_one({"_id": name}, {"$set": {"until": until_ms}})
        if result.matched_count:
            return
        try:
            with writing():
                self._progress.insert_one({"_id": name, "until": until_ms})
        except DuplicateKeyError:
            return
