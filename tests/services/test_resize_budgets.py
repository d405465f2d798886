"""Running budgets follow the configuration, and never take back what is spent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.domain.budget_plans import plan_budget
from shared.domain.budgets import BudgetPlan
from shared.domain.calendar import utc_day
from shared.domain.game_config import Economy, GameConfig, default_config
from shared.domain.ledger import Hold
from shared.services.resize_budgets import resize_budgets
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedgerStore


class Budgets:
    """A day's budget under a configuration that may change."""

    def __init__(self, store: Any, *, cap: int, spent: int = 0, shards: int = 2) -> None:
        self.store, self.now_ms = store, FakeClock().now_ms()
        self.config = replace(default_config(), economy=replace(Economy(), daily_cap_aiba=cap))
        self.group = f"AIBA:{utc_day(self.now_ms)}"
        store.ensure_budget(self.group, BudgetPlan(cap, shards))
        if spent:
            store.take_hold(Hold(f"{self.group}:0", spent))

    def change(self, cap: int) -> Any:
        before = self.config
        self.config = replace(
            before, revision=before.revision + 1, economy=replace(before.economy, daily_cap_aiba=cap)
        )
        return self.resize(before)

    def resize(self, before: GameConfig) -> Any:
        [resized] = resize_budgets(
            before, self.config, store=self.store, now_ms=self.now_ms, latest=lambda: self.config
        )
        shards = self.store.budget_shards(self.group)
        assert resized.cap == sum(shard.cap for shard in shards)
        assert resized.available == sum(shard.available for shard in shards)
        return resized


def test_a_raised_cap_is_there_at_once_and_raising_again_by_the_same_change_adds_nothing(store) -> None:
    budgets = Budgets(store, cap=1_000, spent=400)
    before = budgets.config
    assert (budgets.change(1_500).cap, budgets.resize(before).cap) == (1_500, 1_500)


def test_a_lowered_cap_takes_what_is_left_and_never_what_is_spent(store) -> None:
    budgets = Budgets(store, cap=1_000, spent=400)
    lowered = budgets.change(300)
    assert (lowered.wanted, lowered.cap, lowered.available) == (300, 400, 0)
    assert budgets.change(450).available == 50


def test_a_cap_that_was_spent_beyond_is_not_raised_above_what_is_wanted(store) -> None:
    budgets = Budgets(store, cap=1_000, spent=500)
    budgets.change(100)
    assert (budgets.change(500).cap, budgets.change(600).available) == (500, 100)


def test_a_change_that_is_older_than_the_present_one_follows_the_present_one(store) -> None:
    budgets = Budgets(store, cap=1_000)
    before = budgets.config
    budgets.change(2_000)
    budgets.change(800)
    assert budgets.resize(before).cap == 800


def test_a_budget_nobody_used_yet_is_made_by_the_former_plan_and_then_changed() -> None:
    store = FakeLedgerStore()
    config = default_config()
    changed = replace(config, economy=replace(config.economy, claim_max_aiba_per_hour=7))
    [resized] = resize_budgets(
        config, changed, store=store, now_ms=FakeClock().now_ms(), latest=lambda: changed
    )
    assert (resized.group, resized.cap) == ("claimsHour:2026-11-18T11", 7)
    assert store.plans[resized.group] == plan_budget(config, "claimsHour")
