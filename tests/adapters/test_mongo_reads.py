"""What a decision or a replay reads is what a majority of servers has, on the wire."""

from __future__ import annotations

from typing import Any

from pymongo import monitoring
from typing_extensions import override

from shared.adapters.mongo import connect, database_of
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_ledger import MongoLedgerStore
from tests.fakes.clock import FakeClock


class Finds(monitoring.CommandListener):
    """Each find's read concern."""

    def __init__(self) -> None:
        self.levels: list[Any] = []

    @override
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.levels.append(event.command.get("readConcern"))

    @override
    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        return

    @override
    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        return


def test_every_read_asks_for_what_a_failover_cannot_take_back(mongo_uri, mongo_database):
    finds = Finds()
    with connect(mongo_uri, app_name="test", event_listeners=[finds]) as client:
        database = database_of(client, mongo_database.name)
        store = MongoLedgerStore(database)
        store.create_player("ann", now_ms=1)
        assert store.read_player("ann") is not None
        store.row_by_key("ann:c:k")
        store.rows_at("ann", [1])
        store.budgets_begun(["AIBA:2026-11-22"])
        MongoGameConfigs(database, FakeClock()).current()
    assert finds.levels == [{"level": "majority"}] * 5
