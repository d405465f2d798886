"""What operators did and when, kept with the data it concerns: backups, drills, rehearsals, hotfixes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pymongo.database import Database

BACKUP: Final = "backup"
RESTORE_DRILL: Final = "restore_drill"
ROTATION_REHEARSAL: Final = "oracle_rotation_rehearsal"
HOTFIX: Final = "hotfix"
SECRETS_READABLE: Final = "secrets_readable"
"""The last moment at which a person could read the stage's secrets."""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One operation's latest run: UTC milliseconds when it ended, how long it took, whether it succeeded."""

    name: str
    at_ms: int
    duration_ms: int
    is_success: bool


@dataclass(frozen=True, slots=True)
class Hotfix:
    """A deployment that may pass over go-live lines: when it began (UTC ms), who, which commit, and why.

    `by` is the ARN that AWS knows the person by; `passed_over` the lines that failed; `exit_code` how the
    deployment ended, None until that is noted.
    """

    at_ms: int
    by: str
    commit: str
    reason: str
    passed_over: tuple[str, ...] = ()
    exit_code: int | None = None

    @property
    def id(self) -> str:
        """The `_id` of its document."""
        return f"{HOTFIX}:{self.at_ms}"


class OperationRecords:
    """The collection `operations`; functions never touch it.

    One document per operation, the latest run only, and one for every hotfix, which none replaces.
    """

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

    def begin_hotfix(self, hotfix: Hotfix) -> None:
        """Remember it for good, before anything is changed."""
        self._operations.insert_one(
            {
                "_id": hotfix.id,
                "at": hotfix.at_ms,
                "by": hotfix.by,
                "commit": hotfix.commit,
                "reason": hotfix.reason,
                "passed_over": list(hotfix.passed_over),
            }
        )

    def end_hotfix(self, record_id: str, *, exit_code: int) -> None:
        """Note how it ended; one that never began, because a blocking line failed, has no document."""
        self._operations.update_one({"_id": record_id}, {"$set": {"exit_code": exit_code}})

    def hotfixes(self) -> list[Hotfix]:
        """Every one, the oldest first."""
        found = self._operations.find({"_id": {"$regex": f"^{HOTFIX}:"}}).sort("at", 1)
        return [
            Hotfix(
                at_ms=int(each["at"]),
                by=str(each["by"]),
                commit=str(each["commit"]),
                reason=str(each["reason"]),
                passed_over=tuple(each["passed_over"]),
                exit_code=each.get("exit_code"),
            )
            for each in found
        ]
