"""Holds find the shards there really are, cost one command each, and what is exhausted is forgotten in time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.budget_plans import plan_budget
from shared.domain.game_config import GameConfig, default_config
from shared.domain.ledger import Emission
from shared.services.hold_budgets import BudgetHolder
from shared.services.resize_budgets import resize_budgets
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedgerStore

NOW_MS = FakeClock().now_ms()
HOUR_MS = 3_600_000
HOLDS = 400


class CountedStore(FakeLedgerStore):
    """Counts the commands that holds cost, and which shards gave them."""

    def __init__(self) -> None:
        super().__init__()
        self.commands = 0
        self.gave: dict[str, int] = {}

    def take_hold(self, hold):
        self.commands += 1
        is_taken = super().take_hold(hold)
        if is_taken:
            self.gave[hold.budget_id] = self.gave.get(hold.budget_id, 0) + 1
        return is_taken

    def budget_shards(self, group):
        self.commands += 1
        return super().budget_shards(group)


def planned(**economy: Any) -> GameConfig:
    config = default_config()
    return replace(config, economy=replace(config.economy, **economy))


def hold(holder: BudgetHolder, key: str, *, config: GameConfig, amount: int = 1, now_ms: int = NOW_MS):
    return holder.take((Emission("AIBA", amount),), key=key, config=config, now_ms=now_ms)


def commands_per_hold(store: CountedStore, holder: BudgetHolder, config: GameConfig) -> float:
    """After the first few, with which a process finds out what there is."""
    for number in range(10):
        assert hold(holder, f"first {number}", config=config)
    store.commands = 0
    store.gave.clear()
    for number in range(HOLDS):
        assert hold(holder, f"key {number}", config=config)
    return store.commands / HOLDS


@pytest.mark.parametrize(("made_with", "present"), [(1, 32), (32, 1), (4, 32)])
def test_a_hold_costs_one_command_though_the_number_of_shards_was_changed_since(made_with, present):
    store = CountedStore()
    cap = 100_000_000
    first = planned(daily_cap_aiba=cap, budget_shards=made_with)
    hold(BudgetHolder(store, plan_budget, lambda: 0), "k", config=first)
    changed = planned(daily_cap_aiba=cap, budget_shards=present)
    holder = BudgetHolder(store, plan_budget, lambda: 0)
    assert commands_per_hold(store, holder, changed) == 1


@pytest.mark.parametrize("is_new_process", [True, False])
def test_a_hold_costs_one_command_after_the_cap_was_raised_in_the_day(is_new_process):
    store = CountedStore()
    low, high = planned(daily_cap_aiba=100_000), planned(daily_cap_aiba=2_000_000)
    holder = BudgetHolder(store, plan_budget, lambda: 0)
    hold(holder, "k", config=low)
    resize_budgets(low, high, store=store, now_ms=NOW_MS, latest=lambda: high)
    if is_new_process:
        holder = BudgetHolder(store, plan_budget, lambda: 0)
    assert commands_per_hold(store, holder, high) == 1


def test_shards_that_a_raise_added_are_among_those_tried_first():
    store = CountedStore()
    low = planned(daily_cap_aiba=100_000)
    high = planned(daily_cap_aiba=100_000_000, budget_shards=32)
    hold(BudgetHolder(store, plan_budget, lambda: 0), "k", config=low)
    resize_budgets(low, high, store=store, now_ms=NOW_MS, latest=lambda: high)
    commands_per_hold(store, BudgetHolder(store, plan_budget, lambda: 0), high)
    assert any(":r" in shard for shard in store.gave)


def test_an_emptied_shard_is_not_tried_first_again():
    store = CountedStore()
    config = planned(daily_cap_aiba=100_000_000, budget_shards=4)
    holder = BudgetHolder(store, plan_budget, lambda: 0)
    commands_per_hold(store, holder, config)
    emptied = next(iter(store.shards.values()))
    store.shards[emptied.id] = replace(emptied, available=0)
    assert commands_per_hold(store, holder, config) == 1
    assert emptied.id not in store.gave


def test_what_an_account_an_hour_ahead_found_exhausted_is_forgotten_after_five_seconds():
    uptime = FakeClock(0)
    holder = BudgetHolder(FakeLedgerStore(), plan_budget, uptime.now_ms)
    low, high = planned(daily_cap_aiba=100), planned(daily_cap_aiba=1_000)
    assert hold(holder, "a", config=low, amount=100)
    assert hold(holder, "b", config=low, amount=50, now_ms=NOW_MS + HOUR_MS) is None
    resize_budgets(low, high, store=holder.store, now_ms=NOW_MS, latest=lambda: high)
    uptime.advance(seconds=4.9)
    assert hold(holder, "c", config=high, amount=50) is None
    uptime.advance(seconds=0.1)
    assert hold(holder, "c", config=high, amount=50)
