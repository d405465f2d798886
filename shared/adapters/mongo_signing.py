"""The signer's own collections on MongoDB: its write-ahead journal, its daily limit and its audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, get_args

from shared.adapters.mongo import reading, writing
from shared.domain.errors import ensure
from shared.ports.signing import JournalEntry, JournalState

if TYPE_CHECKING:
    from pymongo.database import Database

MAX_CLAIMS_A_DAY: Final = 400_000
"""At about 40 bytes each their document reaches MongoDB's 16 MiB: beyond, the day is over, whatever the cap."""


class MongoSigningJournal:
    """ports.signing.SigningJournal over the collection `signer_journal`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._journal = database["signer_journal"]

    def read(self, journal_id: str) -> JournalEntry | None:
        with reading():
            document = self._journal.find_one({"_id": journal_id})
        return None if document is None else _entry(document)

    def insert(self, entry: JournalEntry) -> bool:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._journal.insert_one(_document(entry))
        except DuplicateKeyError:
            return False
        return True

    def replace(self, entry: JournalEntry, *, expected_generation: int) -> bool:
        with writing():
            result = self._journal.replace_one(
                {"_id": entry.id, "gen": expected_generation}, _document(entry)
            )
        return result.matched_count == 1


class MongoSignerLimits:
    """ports.signing.SignerLimits over the collection `signer_limits`: one counter a day, taken like a hold.

    The day's claims stand beside the counter, so that counting and remembering are one write.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._limits = database["signer_limits"]

    def take(self, *, day: str, claim_id: str, credits: int, cap: int) -> bool:
        from pymongo.errors import DuplicateKeyError

        # Counting up against the cap of the moment: a cap lowered during the day holds at once.
        limit_id = f"day:{day}"
        try:
            with writing():
                self._limits.insert_one({"_id": limit_id, "used": 0, "count": 0, "claims": {}})
        except DuplicateKeyError:
            pass
        with writing():
            result = self._limits.update_one(
                {
                    "_id": limit_id,
                    "used": {"$lte": cap - credits},
                    "count": {"$lt": MAX_CLAIMS_A_DAY},
                    f"claims.{claim_id}": {"$exists": False},
                },
                {"$inc": {"used": credits, "count": 1}, "$set": {f"claims.{claim_id}": credits}},
            )
        if result.modified_count == 1:
            return True
        with reading():
            document = self._limits.find_one({"_id": limit_id})
        return document is not None and claim_id in document["claims"]


class MongoSignerAudit:
    """ports.signing.SignerAudit over the collection `signer_audit`; nothing here is ever changed or deleted."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._audit = database["signer_audit"]

    def append(self, record: Mapping[str, Any]) -> None:
        with writing():
            self._audit.insert_one(dict(record))


def _entry(document: Mapping[str, Any]) -> JournalEntry:
    """Raises InvariantBroken for a document that this adapter never wrote: nothing is decided by a guess."""
    texts = [document.get(name) for name in ("claim", "hash", "signature")]
    ensure(all(isinstance(text, str) for text in texts), "a journal entry's texts are text")
    numbers = [document.get(name) for name in ("validUntil", "gen")]
    ensure(all(isinstance(number, int) for number in numbers), "a journal entry's numbers are whole")
    ensure(document.get("state") in get_args(JournalState), "a journal entry is in one of its states")
    return JournalEntry(
        id=document["_id"],
        claim_id=document["claim"],
        state=document["state"],
        payload_hash=document["hash"],
        valid_until_s=int(document["validUntil"]),
        signature=document["signature"],
        generation=int(document["gen"]),
    )


def _document(entry: JournalEntry) -> dict[str, Any]:
    return {
        "_id": entry.id,
        "claim": entry.claim_id,
        "state": entry.state,
        "hash": entry.payload_hash,
        "validUntil": entry.valid_until_s,
        "signature": entry.signature,
        "gen": entry.generation,
    }
