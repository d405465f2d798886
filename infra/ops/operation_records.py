"""What operators did and when, kept with the data it concerns: backups, drills, rehearsals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pymongo.database import Database

BACKUP: Final = "backup"
RESTORE_DRILL: Final = "restore_drill"
ROTATION_REHEARSAL: Final = "oracle_rotation_rehearsal"
SECRETS_READABLE: Final = "secrets_readable"
"""The last moment at which a person could read the stage's secrets."""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One operation's latest run: UTC milliseconds when it ended, how long it took, whether it succeeded."""

    name: str
    at_ms: int
    duration_ms: int
    is_success: bool


class OperationRecords:
    """The collection `operations`: one document per operation, the latest run only; functions never touch it."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._operations = database["operations"]

    def latest(self, name: str) -> OperationRecord | None:
        """The latest recorded run, or None."""
        found = self._operations.find_one({"_id": name})
        if found is None:
            return None
        return OperationRecord(name, int(found["at"]), int(found["took"]), bool(found["ok"]))

    def write(self, record: OperationRecord) -> None:
        """Remember a run in place of the one before."""
        document = {"at": record.at_ms, "took": record.duration_ms, "ok": record.is_success}
        # Not an upsert: the embedded store and MongoDB do not answer those alike.
        if not self._operations.update_one({"_id": record.name}, {"$set": document}).matched_count:
            self._operations.insert_one({"_id": record.name, **document})
