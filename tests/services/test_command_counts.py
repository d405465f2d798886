"""How many database commands an action costs, counted at the driver against the budget it was promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient, monitoring
from typing_extensions import override

from shared.adapters.mongo_fairness import MongoFairnessStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_referral_codes import MongoReferralCodes
from shared.services.claim_daily_login import claim_daily_login
from shared.services.repair_broker import repair_broker
from shared.services.resize_budgets import keep_budgets, resize_budgets
from shared.services.train_broker import train_broker
from tests.services.game_world import GameWorld


class Commands(monitoring.CommandListener):
    """Every command sent, as `name collection`."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    @override
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.append(f"{event.command_name} {event.command.get(event.command_name)}")

    @override
    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        return

    @override
    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        return


class CountedWorld:
    def __init__(self, uri: str, name: str) -> None:
        self.commands = Commands()
        self.client: MongoClient[dict[str, Any]] = MongoClient(
            uri, event_listeners=[self.commands], w="majority"
        )
        database = self.client[name]
        ensure_indexes(database)
        self.game = GameWorld(
            MongoLedgerStore(database),
            MongoFairnessStore(database),
            MongoReferralCodes(database),
        )
        self.account = self.game.player_with_starter()
        self.game.give(self.account, "NEUR", 1_000)
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def battle(self, key: str | None = None) -> None:
        self.game.clock.advance(seconds=700)
        self.game.battle(self.account, key or self.key())

    def next_battles_budget_commands(self) -> list[str]:
        self.game.clock.advance(seconds=31)
        cost = self.cost(lambda: self.game.battle(self.account, self.key(), mode="arbitrage"))
        return [command for command in cost if command.endswith(" budget")]

    def cost(self, action: Callable[[], object]) -> list[str]:
        self.commands.sent.clear()
        action()
        return list(self.commands.sent)


@pytest.fixture
def counted(mongo_uri: str, mongo_database: Any) -> Iterator[CountedWorld]:
    world = CountedWorld(mongo_uri, mongo_database.name)
    yield world
    world.client.close()


BATTLE = ["find players", "update budget", "insert ledger", "update players"]
OTHER = ["find players", "insert ledger", "update players"]


def test_a_battle_with_one_capped_currency_costs_four_commands(counted: CountedWorld) -> None:
    counted.battle()
    cost = counted.cost(lambda: counted.game.battle(counted.account, "k", mode="arbitrage"))
    assert cost == BATTLE


def test_an_arena_cap_costs_one_command_more(counted: CountedWorld) -> None:
    counted.game.configure(daily_cap_aiba_by_arena={"prediction": 100_000})
    counted.battle()
    counted.game.clock.advance(seconds=31)
    cost = counted.cost(lambda: counted.game.battle(counted.account, "k"))
    assert cost == ["find players", "update budget", "update budget", "insert ledger", "update players"]


def test_a_changed_number_of_shards_costs_a_new_process_nothing_once_it_knows(counted: CountedWorld) -> None:
    counted.game.configure(daily_cap_aiba=10**9, budget_shards=1, battle_energy_regen_seconds_per_energy=1)
    counted.battle()
    counted.game.configure(budget_shards=32)
    counted.game.restart()
    for _ in range(3):  # one of them at least finds no such shard and looks
        counted.battle()
    for _ in range(5):
        assert counted.next_battles_budget_commands() == ["update budget"]


def test_a_cap_raised_in_the_day_costs_a_new_process_nothing_once_it_knows(counted: CountedWorld) -> None:
    game = counted.game
    game.configure(daily_cap_aiba=100_000, battle_energy_regen_seconds_per_energy=1)
    counted.battle()
    before = game.configs.config
    game.configure(daily_cap_aiba=10**9, budget_shards=32)
    now_ms = game.clock.now_ms()
    resize_budgets(before, game.configs.config, store=game.store, now_ms=now_ms, latest=game.configs.current)
    game.restart()
    for _ in range(3):
        counted.battle()
    for _ in range(5):
        assert counted.next_battles_budget_commands() == ["update budget"]


def test_budgets_that_are_as_they_should_be_are_one_read_for_all_of_them(counted: CountedWorld) -> None:
    game = counted.game
    game.configure(daily_cap_aiba_by_arena={"prediction": 100_000, "arbitrage": 5_000})
    counted.battle()
    now_ms, latest = game.clock.now_ms(), game.configs.current
    cost = counted.cost(lambda: keep_budgets(store=game.store, now_ms=now_ms, latest=latest))
    assert cost == ["find budget"]


def test_once_the_cap_is_known_to_be_reached_a_battle_asks_for_no_budget(counted: CountedWorld) -> None:
    counted.game.configure(daily_cap_aiba=1)
    counted.battle()
    cost = counted.cost(lambda: counted.game.battle(counted.account, "k", mode="arbitrage"))
    assert cost == OTHER


def test_every_other_action_and_every_refusal_costs_three(counted: CountedWorld) -> None:
    game, account = counted.game, counted.account
    counted.battle("done")
    named = {"fingerprint": "f", "committer": game.committer}
    assert counted.cost(lambda: claim_daily_login(account, key="d", **named)) == OTHER
    assert counted.cost(lambda: train_broker(account, "starter", "risk", key="t", **named)) == OTHER
    assert counted.cost(lambda: game.battle(account, "too-soon")) == OTHER
    assert counted.cost(lambda: repair_broker(account, "starter", key="r", **named)) == OTHER


def test_a_repeated_request_costs_its_read_a_failed_insert_and_the_row(counted: CountedWorld) -> None:
    counted.battle("done")
    cost = counted.cost(lambda: counted.game.battle(counted.account, "done"))
    assert cost == ["find players", "insert ledger", "find ledger"]
