"""The ledger's store as both of its implementations."""

from __future__ import annotations

import pytest

from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.ports.ledger import LedgerStore
from tests.fakes.ledger import FakeLedgerStore


@pytest.fixture(params=["fake", "mongo"])
def store(request: pytest.FixtureRequest) -> LedgerStore:
    """An empty one: a test that asks for it holds for the fake and on MongoDB's wire protocol alike."""
    if request.param == "fake":
        return FakeLedgerStore()
    database = request.getfixturevalue("mongo_database")
    ensure_indexes(database)
    return MongoLedgerStore(database)
