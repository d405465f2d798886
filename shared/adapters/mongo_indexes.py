"""Every index the backend relies on, declared once and created idempotently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.boards import SHELVES

if TYPE_CHECKING:
    from pymongo.database import Database


@dataclass(frozen=True, slots=True)
class Index:
    """One index; every query uses a single field, because the embedded store ignores compound ones."""

    collection: str
    fields: tuple[str, ...]
    unique: bool = False
    sparse: bool = False


INDEXES: Final = (
    Index("ledger", ("k",), unique=True),
    Index("ledger", ("acct",)),
    Index("ledger", ("ts",)),
    Index("ledger", ("open",), sparse=True),
    Index("budget", ("grp",)),
    *(Index("board", (shelf,), sparse=True) for shelf in SHELVES),
    Index("codes", ("at",)),
    Index("claims", ("acct",)),
    Index("claims", ("open",), sparse=True),
    Index("wallets", ("at",)),
    Index("challenges", ("exp",)),
    Index("admins", ("email",), unique=True),
    Index("admin_revocations", ("exp",)),
    Index("admin_attempts", ("since",)),
    Index("admin_audit", ("k",), unique=True),
    Index("admin_audit", ("ts",)),
    Index("admin_audit", ("open",), sparse=True),
    Index("players", ("alias",), sparse=True),
    Index("claims", ("state",)),
    Index("adjustments", ("state",)),
)


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Create what is missing; an index that exists already is left alone."""
    for index in INDEXES:
        database[index.collection].create_index(
            [(name, 1) for name in index.fields], unique=index.unique, sparse=index.sparse
        )
