"""The queries that run for every request or every scheduled run, by shape: none of them may scan a collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.boards import SHELVES


@dataclass(frozen=True, slots=True)
class Query:
    """A find of one collection; the values are of the right type and match nothing."""

    collection: str
    filter: dict[str, Any] = field(hash=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it selects by."""
        return tuple(self.filter)


HIGH_VOLUME_QUERIES: Final[tuple[Query, ...]] = (
    Query("players", {"_id": "nobody"}),
    Query("players", {"alias": "nobody"}),
    Query("ledger", {"_id": "nobody:1"}),
    Query("ledger", {"_id": {"$in": ["nobody:1", "nobody:2"]}}),
    Query("ledger", {"k": "nobody:c:1"}),
    Query("ledger", {"ts": {"$gte": 1, "$lt": 2}}),
    Query("ledger", {"open": 1}),
    Query("budget", {"grp": "nothing"}),
    Query("budget", {"_id": "nothing"}),
    Query("config", {"_id": "nothing"}),
    Query("fairness", {"_id": "day:2000-01-01"}),
    Query("players", {"_id": {"$in": ["nobody"]}}),
    Query("board", {"_id": {"$in": ["nobody"]}}),
    *(Query("board", {shelf: {"$lt": "0"}}) for shelf in SHELVES),
    Query("board_summary", {"_id": "nothing"}),
    Query("progress", {"_id": "nothing"}),
    Query("observations", {"_id": {"$in": ["vault", "run"]}}),
    Query("claims", {"_id": "c0"}),
    Query("claims", {"acct": "nobody"}),
    Query("claims", {"open": 1}),
    Query("claims", {"open": 1, "terms.created_ms": {"$lte": 1}}),
    Query("approvals", {"_id": "c0"}),
    Query("signer_journal", {"_id": "nothing"}),
    Query("wallets", {"_id": "nothing"}),
    Query("codes", {"_id": "nothing"}),
    Query("codes", {"at": {"$gte": 1, "$lt": 2}}),
    Query("challenges", {"_id": "nothing"}),
    Query("challenges", {"exp": {"$lt": 1}}),
    Query("admins", {"email": "nobody@example.org"}),
    Query("admin_revocations", {"_id": "nothing"}),
)
