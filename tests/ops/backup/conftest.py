"""A played game in a database of the test's own, and another database to restore it into."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from infra.ops.backup.command import DataSource
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from tests.services.audited_world import busy_world


@pytest.fixture
def world(mongo_database):
    ensure_indexes(mongo_database)
    return busy_world(store=MongoLedgerStore(mongo_database))


@pytest.fixture
def source(world, mongo_database, mongo_uri) -> DataSource:
    return DataSource(mongo_uri, mongo_database.name, as_json=False)


@pytest.fixture
def scratch(mongo_client) -> Iterator[Any]:
    name = f"arena_test_{secrets.token_hex(6)}"
    yield mongo_client[name]
    mongo_client.drop_database(name)
