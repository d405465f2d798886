"""Commitments and published seeds on MongoDB: documents that are inserted once and gain a seed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing
from shared.domain.fairness import FairnessRecord, epoch_name

if TYPE_CHECKING:
    from pymongo.database import Database

MAX_EPOCHS = 10


class MongoFairnessStore:
    """ports.fairness.FairnessStore over the collection `fairness`, `_id` = `day:<epoch>`.

    The prefix is the text the seed is keyed over; it also keeps the embedded store from taking an
    id that begins with a date for a time.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._fairness = database["fairness"]

    def epochs(self, day: str) -> list[FairnessRecord]:
        return self._found([epoch_name(day, number) for number in range(MAX_EPOCHS)])

    def of_days(self, days: Sequence[str]) -> list[FairnessRecord]:
        return self._found([epoch_name(day, number) for day in days for number in range(MAX_EPOCHS)])

    def insert(self, record: FairnessRecord) -> None:
        from pymongo.errors import DuplicateKeyError

        document: dict[str, Any] = {
            "_id": _id(record.epoch),
            "commitment": record.commitment,
            "keyId": record.key_id,
            "createdAt": record.created_ms,
            "note": record.note,
        }
        try:
            with writing():
                self._fairness.insert_one(document)
        except DuplicateKeyError:
            return

    def publish(self, epoch: str, *, seed: str) -> None:
        with writing():
            self._fairness.update_one(
                {"_id": _id(epoch), "seed": {"$exists": False}}, {"$set": {"seed": seed}}
            )

    def _found(self, epochs: Sequence[str]) -> list[FairnessRecord]:
        with reading():
            documents = list(self._fairness.find({"_id": {"$in": [_id(epoch) for epoch in epochs]}}))
        records = {record.epoch: record for record in map(_record, documents)}
        return [records[epoch] for epoch in epochs if epoch in records]


def _id(epoch: str) -> str:
    return f"day:{epoch}"


def _record(document: Mapping[str, Any]) -> FairnessRecord:
    return FairnessRecord(
        epoch=document["_id"].removeprefix("day:"),
        commitment=document["commitment"],
        key_id=document["keyId"],
        created_ms=int(document["createdAt"]),
        seed=document.get("seed", ""),
        note=document["note"],
    )
