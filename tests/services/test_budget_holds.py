"""Budgets of emission: a cap is never passed, a hold never lost, a shard made and lowered once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.budgets import BudgetPlan
from shared.domain.game_config import Paused
from shared.domain.ledger import Accepted, Emission, Hold
from tests.services.commit_world import CommitWorld, emit


@pytest.fixture
def world(store):
    world = CommitWorld(store)
    world.start()
    return world


def test_a_cap_is_never_passed_and_the_answer_says_why(world):
    for number in range(12):
        world.commit(f"k{number}", emit(90))
    player = world.committer.read_player("ann")
    last = world.commit("k11", emit(90)).answer()
    assert last == {"reward": "0", "why": "cap_reached"}
    assert player.balances["AIBA"] == 900  # two shards of 500 hold five rewards of 90 each


def test_a_paused_emission_asks_for_no_budget(world):
    world.configs.config = replace(world.configs.config, paused=Paused(emission=True))
    assert world.commit("k1", emit(90)).answer() == {"reward": "0", "why": "emission_paused"}


def test_a_second_budget_that_says_no_returns_the_first_hold(world):
    def both(context):
        if context.emission_block:
            return Accepted("battle", {"why": context.emission_block})
        return Accepted("battle", {}, emissions=(Emission("AIBA@prediction", 10), Emission("AIBA", 2_000)))

    outcome = world.commit("k1", both)
    assert outcome.answer() == {"why": "cap_reached"}
    shards = world.store.budget_shards(f"AIBA@prediction:{outcome.row.day}")
    assert sum(shard.available for shard in shards) == 1_000


def test_two_instances_with_different_caps_create_one_budget(store):
    first = store.ensure_budget("AIBA:2026-11-22", BudgetPlan(cap=1_000, shards=3))
    second = store.ensure_budget("AIBA:2026-11-22", BudgetPlan(cap=5_000, shards=8))
    assert sorted(shard.cap for shard in first) == [333, 333, 334]
    assert {shard.id for shard in second} == {shard.id for shard in first}


def test_a_half_created_budget_is_completed(store):
    store.ensure_budget("NEUR:2026-11-22", BudgetPlan(cap=10, shards=1))
    store.add_shard("NEUR:2026-11-22", "r7", cap=5)
    shards = store.ensure_budget("NEUR:2026-11-22", BudgetPlan(cap=10, shards=1))
    assert sum(shard.cap for shard in shards) == 15


def test_a_hold_never_takes_more_than_is_there(store):
    store.ensure_budget("d:AIBA", BudgetPlan(cap=10, shards=1))
    assert store.take_hold(Hold("d:AIBA:0", 7))
    assert not store.take_hold(Hold("d:AIBA:0", 4))
    assert not store.take_hold(Hold("d:AIBA:9", 1))
    store.give_back(Hold("d:AIBA:0", 7))
    assert store.take_hold(Hold("d:AIBA:0", 10))


def test_a_cap_is_lowered_once_per_name_and_never_below_what_is_spent(store):
    store.ensure_budget("AIBA:2026-11-22", BudgetPlan(cap=10, shards=1))
    store.take_hold(Hold("AIBA:2026-11-22:0", 4))
    assert store.lower_shard("AIBA:2026-11-22:0", amount=7, name="r2_10") == 0
    assert store.lower_shard("AIBA:2026-11-22:0", amount=5, name="r2_10") == 5
    assert store.lower_shard("AIBA:2026-11-22:0", amount=1, name="r2_10") == 5
    assert store.lower_shard("AIBA:2026-11-22:1", amount=1, name="r2_10") == 0
    [shard] = store.budget_shards("AIBA:2026-11-22")
    assert (shard.cap, shard.available) == (5, 1)
