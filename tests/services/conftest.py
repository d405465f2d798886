"""A store as both of its implementations: a test that asks for it holds for the fake and on MongoDB alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.ports.ledger import LedgerStore
from tests.fakes.ledger import FakeLedgerStore

Part = Callable[[type, type], Any]
"""Of a fake and its adapter, builds the one that the test runs on."""


@pytest.fixture(params=["fake", "mongo"])
def part(request: pytest.FixtureRequest) -> Part:
    """Builds the fake, or the adapter over an empty database on MongoDB's wire protocol."""
    if request.param == "fake":
        return lambda fake, adapter: fake()
    database = request.getfixturevalue("mongo_database")
    ensure_indexes(database)
    return lambda fake, adapter: adapter(database)


@pytest.fixture
def store(part: Part) -> LedgerStore:
    """An empty ledger's."""
    return part(FakeLedgerStore, MongoLedgerStore)
