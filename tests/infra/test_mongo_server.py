"""The embedded database: found by its ready line, and losing nothing it acknowledged."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from infra.local.endpoint_process import EndpointProcess, start_endpoint, stop_endpoint

MODULE = "infra.local.mongo_server"


def started(data_dir: Path) -> EndpointProcess:
    return start_endpoint(MODULE, "--data", str(data_dir), log=data_dir.parent / "stderr.log")


def test_a_unique_index_refuses_a_second_row(mongo_database: Database[dict[str, Any]]) -> None:
    mongo_database.rows.create_index("key", unique=True)
    mongo_database.rows.insert_one({"_id": "a", "key": "k"})
    with pytest.raises(DuplicateKeyError):
        mongo_database.rows.insert_one({"_id": "b", "key": "k"})


def test_every_test_gets_a_database_of_its_own(mongo_database: Database[dict[str, Any]]) -> None:
    assert mongo_database.list_collection_names() == []


def test_acknowledged_writes_survive_kill_9(tmp_path: Path) -> None:
    endpoint = started(tmp_path / "data")
    with MongoClient[dict[str, Any]](endpoint.url, retryWrites=False) as client:
        for number in range(200):
            client.arena.rows.insert_one({"_id": f"{number}", "units": number})
        endpoint.process.send_signal(signal.SIGKILL)
        endpoint.process.wait(5)
    stop_endpoint(endpoint)

    again = started(tmp_path / "data")
    with MongoClient[dict[str, Any]](again.url) as client:
        kept = {row["_id"]: row["units"] for row in client.arena.rows.find()}
    stop_endpoint(again)
    assert kept == {f"{number}": number for number in range(200)}


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    endpoint = started(tmp_path / "data")
    stop_endpoint(endpoint)
    assert endpoint.url.startswith("mongodb://127.0.0.1:")
