"""Caps reach every budget that has begun: an arena's that comes back, and the day and hour that begin too early."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.domain.budget_plans import plan_budget
from shared.domain.budgets import BudgetPlan, budget_group
from shared.domain.calendar import MS_PER_DAY, MS_PER_HOUR
from shared.domain.errors import Unavailable
from shared.domain.game_config import GameConfig, default_config
from shared.domain.ledger import Emission, Hold
from shared.services.resize_budgets import keep_budgets, resize_budgets
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedgerStore
from tests.services.game_world import GameWorld

NOW_MS = FakeClock().now_ms()
DAY_MS = NOW_MS // MS_PER_DAY * MS_PER_DAY
EACH = [
    ("AIBA", "day", "daily_cap_aiba"),
    ("NEUR", "day", "daily_cap_neur"),
    ("claims", "day", "claim_max_aiba_per_day"),
    ("claimsHour", "hour", "claim_max_aiba_per_hour"),
    ("adminAiba", "day", "admin_daily_aiba"),
]


class Capped:
    """A store, the present configuration, and what settle does each minute."""

    def __init__(self, store: Any = None) -> None:
        self.store = store or FakeLedgerStore()
        self.config = default_config()

    def configure(self, **economy: Any) -> GameConfig:
        before = self.config
        changed = replace(before.economy, **economy)
        self.config = replace(before, revision=before.revision + 1, economy=changed)
        return before

    def change(self, *, now_ms: int, **economy: Any) -> None:
        before = self.configure(**economy)
        resize_budgets(before, self.config, store=self.store, now_ms=now_ms, latest=self.latest)

    def latest(self) -> GameConfig:
        return self.config

    def begin(self, name: str, period: str, config: GameConfig, *, now_ms: int) -> str:
        group = budget_group(Emission(name, 0, period), now_ms=now_ms)
        self.store.ensure_budget(group, plan_budget(config, name))
        return group

    def keep(self, *, now_ms: int) -> list[str]:
        return keep_budgets(store=self.store, now_ms=now_ms, latest=self.latest).resized

    def cap(self, group: str) -> int:
        return sum(shard.cap for shard in self.store.budget_shards(group))


@pytest.fixture(params=["fake", "mongo"])
def capped(request) -> Capped:
    if request.param == "fake":
        return Capped()
    database = request.getfixturevalue("mongo_database")
    ensure_indexes(database)
    return Capped(MongoLedgerStore(database))


def set_arena_caps(world: GameWorld, caps: dict[str, int]) -> None:
    before = world.configs.config
    world.configure(daily_cap_aiba_by_arena=caps)
    resize_budgets(
        before,
        world.configs.config,
        store=world.store,
        now_ms=world.clock.now_ms(),
        latest=world.configs.current,
    )


@pytest.mark.parametrize("lower", [50, 0])
def test_an_arenas_cap_that_was_withdrawn_and_set_lower_the_same_day_is_kept(lower):
    world = GameWorld()
    account = world.player_with_starter()
    set_arena_caps(world, {"prediction": 100_000})
    world.battle(account, "before").answer()
    set_arena_caps(world, {})
    set_arena_caps(world, {"prediction": lower})
    paid = 0
    for number in range(5):
        world.clock.advance(seconds=700)
        paid += int(world.battle(account, f"after-{number}").answer()["reward"]["AIBA"])
    assert paid <= lower


def test_an_arenas_cap_that_was_withdrawn_and_set_higher_the_same_day_is_there_at_once():
    world = GameWorld()
    account = world.player_with_starter()
    set_arena_caps(world, {"prediction": 5})
    assert world.battle(account, "before").answer()["rewardHeldBecause"] == "cap_reached"
    set_arena_caps(world, {})
    set_arena_caps(world, {"prediction": 100_000})
    world.clock.advance(seconds=700)
    assert "rewardHeldBecause" not in world.battle(account, "after").answer()


def test_an_arenas_first_cap_is_a_budget_of_just_that(capped):
    capped.change(now_ms=NOW_MS, daily_cap_aiba_by_arena={"prediction": 777})
    group = budget_group(Emission("AIBA@prediction", 0), now_ms=NOW_MS)
    assert capped.cap(group) == 777
    assert capped.keep(now_ms=NOW_MS) == []


@pytest.mark.parametrize(("name", "period", "cap"), EACH)
@pytest.mark.parametrize("wanted", [11, 7_000_000])
def test_a_period_that_began_with_a_cap_changed_just_before_is_put_right(name, period, cap, wanted):
    """The change was at 23:59:59; an instance with the configuration of three seconds ago was first."""
    capped = Capped()
    former = capped.config
    capped.change(now_ms=DAY_MS - 1_000, **{cap: wanted})
    group = capped.begin(name, period, former, now_ms=DAY_MS + 500)
    assert capped.keep(now_ms=DAY_MS + 30_000) == [group]
    assert capped.cap(group) == wanted
    assert capped.keep(now_ms=DAY_MS + 90_000) == []


@pytest.mark.parametrize(("name", "period", "cap"), EACH)
def test_a_period_that_somebody_began_before_its_time_is_put_right_before_it_comes(name, period, cap):
    """A clock, or an account's last row, is ahead of the time of the change."""
    capped = Capped()
    ahead_ms = MS_PER_HOUR if period == "hour" else MS_PER_DAY
    group = capped.begin(name, period, capped.config, now_ms=NOW_MS + ahead_ms)
    capped.change(now_ms=NOW_MS, **{cap: 11})
    assert group in capped.keep(now_ms=NOW_MS)
    assert capped.cap(group) == 11


def test_an_arenas_budget_of_tomorrow_follows_too(capped):
    capped.configure(daily_cap_neur_by_arena={"simulation": 900})
    group = capped.begin("NEUR@simulation", "day", capped.config, now_ms=NOW_MS + MS_PER_DAY)
    capped.configure(daily_cap_neur_by_arena={"simulation": 90})
    assert capped.keep(now_ms=NOW_MS) == [group]
    assert capped.cap(group) == 90


def test_what_is_held_already_stays_and_what_comes_back_later_is_taken_then(capped):
    group = capped.begin("AIBA", "day", capped.config, now_ms=NOW_MS)
    [first, *_] = sorted(capped.store.budget_shards(group), key=lambda shard: shard.id)
    hold = Hold(first.id, first.cap)
    assert capped.store.take_hold(hold)
    capped.configure(daily_cap_aiba=10)
    capped.keep(now_ms=NOW_MS)
    assert capped.cap(group) == first.cap
    assert capped.keep(now_ms=NOW_MS) == []
    capped.store.give_back(hold)
    assert capped.keep(now_ms=NOW_MS) == [group]
    assert capped.cap(group) == 10


def test_a_budget_whose_maker_died_after_its_first_shard_is_never_twice_as_large(capped, monkeypatch):
    group = budget_group(Emission("AIBA", 0), now_ms=NOW_MS)
    capped.configure(daily_cap_aiba=100_000_000, budget_shards=4)
    whole = plan_budget(capped.config, "AIBA")
    assert whole.shards == 4
    add_shard = capped.store.add_shard

    def die_after_the_first(of_group, name, *, cap):
        if name != "0":
            raise Unavailable("died", code="x")
        add_shard(of_group, name, cap=cap)

    monkeypatch.setattr(capped.store, "add_shard", die_after_the_first)
    with pytest.raises(Unavailable):
        capped.store.ensure_budget(group, whole)
    monkeypatch.undo()
    capped.keep(now_ms=NOW_MS)
    capped.store.ensure_budget(group, whole)
    assert capped.cap(group) == whole.cap


def test_a_budget_that_nobody_has_begun_is_not_made(capped):
    assert capped.keep(now_ms=NOW_MS) == []
    assert capped.store.budgets_begun([budget_group(Emission("AIBA", 0), now_ms=NOW_MS)]) == {}


def test_a_plan_without_any_shard_yet_is_a_budget_that_has_begun(mongo_database):
    ensure_indexes(mongo_database)
    mongo_database["budget"].insert_one({"_id": "NEUR:x:plan", "grp": "NEUR:x", "planCap": 5, "shards": 1})
    assert MongoLedgerStore(mongo_database).budgets_begun(["NEUR:x", "NEUR:y"]) == {"NEUR:x": []}


def test_two_settling_runs_at_once_put_it_right_once():
    capped = Capped()
    group = capped.begin("AIBA", "day", capped.config, now_ms=NOW_MS)
    capped.configure(daily_cap_aiba=2_000_000)
    late = BudgetPlan(0, 1)
    add_shard = capped.store.add_shard

    def raced(of_group, name, *, cap):
        capped.store.add_shard = add_shard
        capped.keep(now_ms=NOW_MS)
        add_shard(of_group, name, cap=cap)

    capped.store.ensure_budget(group, late)
    capped.store.add_shard = raced
    capped.keep(now_ms=NOW_MS)
    assert capped.cap(group) == 2_000_000
