"""Battles at once on a real store: one broker fights one of them, every key is answered once, caps hold."""

from __future__ import annotations

from typing import Any

import pytest

from shared.adapters.mongo_fairness import MongoFairnessStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_referral_codes import MongoReferralCodes
from shared.domain.errors import Refused
from tests.at_once import at_once
from tests.services.game_world import GameWorld


@pytest.fixture
def world(mongo_database: Any) -> GameWorld:
    ensure_indexes(mongo_database)
    return GameWorld(
        MongoLedgerStore(mongo_database),
        MongoFairnessStore(mongo_database),
        MongoReferralCodes(mongo_database),
    )


def outcome(world: GameWorld, account: str, key: str) -> str:
    """`<score>` of the battle, or the code of its refusal."""
    try:
        return str(world.battle(account, key).answer()["score"])
    except Refused as refused:
        return refused.code


def test_two_battles_of_one_broker_at_once_are_one_battle_and_one_refusal(world: GameWorld) -> None:
    account = world.player_with_starter()
    answers = at_once(4, lambda number: outcome(world, account, f"k{number}"))
    assert sorted(answers)[-3:] == ["cooldown"] * 3
    assert world.committer.read_player(account).state["brokers"]["starter"]["energy"] == 90


def test_one_request_sent_many_times_at_once_is_one_battle_with_one_answer(world: GameWorld) -> None:
    account = world.player_with_starter()
    answers = at_once(6, lambda _: outcome(world, account, "same"))
    assert len(set(answers)) == 1
    assert world.committer.read_player(account).seq == 3


def test_players_at_once_never_earn_more_than_the_cap_together(world: GameWorld) -> None:
    world.configure(daily_cap_aiba=400, budget_shards=2)
    accounts = [world.player_with_starter(number) for number in range(8)]
    for mode in ("prediction", "arbitrage"):
        at_once(8, lambda number, mode=mode: world.battle(accounts[number], mode, mode=mode))
    earned = [world.committer.read_player(account).balance("AIBA") for account in accounts]
    shards = world.store.budget_shards(f"AIBA:{world.store.row_at(accounts[0], 3).day}")
    assert sum(earned) == sum(shard.cap - shard.available for shard in shards)
    assert 0 < sum(earned) <= 400
