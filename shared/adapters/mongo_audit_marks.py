"""What the running audit remembers, on MongoDB: a mark per account and one document of its progress."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.domain.ledger import plain
from shared.ports.audit import AuditMark, AuditProgress

if TYPE_CHECKING:
    from pymongo.database import Database

_PROGRESS: Final = "progress"
_MARK: Final = "account:"


class MongoAuditMarks:
    """ports.audit.AuditMarks over the collection `audit`; its one writer is the scheduled function."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._audit = database["audit"]

    def read(self, accounts: Collection[str]) -> Mapping[str, AuditMark]:
        ids = [_MARK + account for account in accounts]
        with reading():
            marks = [_mark(plain(document)) for document in self._audit.find({"_id": {"$in": ids}})]
        return {mark.account: mark for mark in marks}

    def write(self, mark: AuditMark) -> None:
        document = {
            "seq": mark.seq,
            "h": mark.head,
            "ts": mark.ts_ms,
            "bal": dict(mark.balances),
            "esc": dict(mark.escrow),
            "claims": dict(mark.claims),
        }
        self._put(_MARK + mark.account, document)

    def progress(self) -> AuditProgress:
        """Preceded by a write, as MongoScanWatermarks does it: every row that is older is seen from here on."""
        with writing():
            self._audit.update_one({"_id": _PROGRESS}, {"$inc": {"scans": 1}})
        with reading():
            document = self._audit.find_one({"_id": _PROGRESS})
        if document is None:
            return AuditProgress()
        held = {budget_id: int(amount) for budget_id, amount in document["held"]}
        suspects = {suspect: frozenset(places) for suspect, places in document["suspects"]}
        return AuditProgress(int(document["until"]), held, suspects)

    def write_progress(self, progress: AuditProgress) -> None:
        document = {
            "until": progress.until_ms,
            "held": [[budget_id, amount] for budget_id, amount in sorted(progress.held.items())],
            "suspects": [[suspect, sorted(places)] for suspect, places in sorted(progress.suspects.items())],
        }
        self._put(_PROGRESS, document)

    def _put(self, document_id: str, document: dict[str, Any]) -> None:
        from pymongo.errors import DuplicateKeyError

        whole = {"_id": document_id, **document}
        with writing():
            result = self._audit.replace_one({"_id": document_id}, whole)
        if result.matched_count:
            return
        try:
            with writing():
                self._audit.insert_one(whole)
        except DuplicateKeyError:
            return


def _mark(document: Mapping[str, Any]) -> AuditMark:
    return AuditMark(
        account=document["_id"].removeprefix(_MARK),
        seq=document["seq"],
        head=document["h"],
        ts_ms=document["ts"],
        balances=document["bal"],
        escrow=document["esc"],
        claims=document["claims"],
    )
