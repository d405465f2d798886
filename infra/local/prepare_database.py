"""An empty database made ready to play: every index, without which the ledger's promises do not hold."""

from __future__ import annotations

from pymongo import MongoClient

from shared.adapters.mongo_indexes import ensure_indexes


def prepare_database(uri: str, name: str) -> None:
    """Create the indexes; what is there already stays."""
    with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=5_000) as client:
        ensure_indexes(client[name])
