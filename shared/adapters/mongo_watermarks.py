"""How far scheduled work has come, on MongoDB: one small document each, no money in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

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


class MongoScanWatermarks(MongoWatermarks):
    """The same for tasks that read rows by time from there on: their user may write, and they must miss none.

    Reads show what a majority has, and a row may be seconds late in getting there. So each reading is
    preceded by a write of its own: acknowledged by a majority, it means that everything before it is seen.
    """

    @override
    def read(self, name: str) -> int:
        with writing():
            result = self._progress.update_one({"_id": name}, {"$inc": {"scans": 1}})
        if not result.matched_count:
            self.write(name, 0)
        return super().read(name)
