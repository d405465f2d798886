"""What a decision, a replay or a scan reads is what a majority of servers has, on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import ReadPreference, monitoring
from typing_extensions import override

from shared.adapters.mongo import connect, database_of
from shared.adapters.mongo_audit_marks import MongoAuditMarks
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_watermarks import MongoScanWatermarks
from shared.ports.audit import AuditProgress
from tests.fakes.clock import FakeClock

MAJORITY = {"level": "majority"}


class Commands(monitoring.CommandListener):
    """Each command, and the read concern or the write concern it came with."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    @override
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in ("find", "update", "insert"):
            concern = "readConcern" if event.command_name == "find" else "writeConcern"
            self.sent.append((event.command_name, event.command.get(concern)))

    @override
    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        return

    @override
    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        return


def test_every_read_asks_for_what_a_failover_cannot_take_back(mongo_uri, mongo_database):
    commands = Commands()
    with connect(mongo_uri, app_name="test", event_listeners=[commands]) as client:
        database = database_of(client, mongo_database.name)
        store = MongoLedgerStore(database)
        store.create_player("ann", now_ms=1)
        assert store.read_player("ann") is not None
        store.row_by_key("ann:c:k")
        store.rows_at("ann", [1])
        store.budgets_begun(["AIBA:2026-11-22"])
        MongoGameConfigs(database, FakeClock()).current()
    levels = [level for name, level in commands.sent if name == "find"]
    assert levels == [MAJORITY] * 5


@pytest.mark.parametrize("preference", ["secondary", "secondaryPreferred", "nearest", "primaryPreferred"])
def test_no_uri_sends_a_read_to_a_server_that_may_lag_behind(preference: str) -> None:
    uri = f"mongodb://127.0.0.1:1/?readPreference={preference}&readConcernLevel=local&w=1"
    with connect(uri, app_name="test") as client:
        collection = database_of(client, "arena")["players"]
        assert collection.read_preference == ReadPreference.PRIMARY
        assert collection.read_concern.document == MAJORITY
        assert collection.write_concern.document == {"w": "majority"}


@pytest.mark.parametrize("has_run", [False, True])
def test_whoever_reads_rows_by_time_first_has_a_write_acknowledged(mongo_uri, mongo_database, has_run):
    """What was written before it is then seen, however late it got to a majority."""
    if has_run:
        MongoScanWatermarks(mongo_database).write("janitor", 7)
        MongoAuditMarks(mongo_database).write_progress(AuditProgress(7))
    commands = Commands()
    with connect(mongo_uri, app_name="test", event_listeners=[commands]) as client:
        database = database_of(client, mongo_database.name)
        watermarks, marks = MongoScanWatermarks(database), MongoAuditMarks(database)
        for read in (lambda: watermarks.read("janitor"), lambda: marks.progress().until_ms):
            commands.sent.clear()
            assert read() == (7 if has_run else 0)
            assert commands.sent[0] == ("update", {"w": "majority"})
            assert commands.sent[-1] == ("find", MAJORITY)
