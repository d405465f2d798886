"""A battle as one row: replay, chance, emission and bans, through the service and the real protocol."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.errors import Refused, Unavailable
from shared.domain.fairness import day_seed, disagreements, proof_from_document
from shared.domain.game_config import Paused
from tests.services.game_world import SECRET, GameWorld


@pytest.fixture
def world() -> GameWorld:
    return GameWorld()


def test_a_battle_pays_what_its_answer_says_in_one_row(world: GameWorld) -> None:
    account = world.player_with_starter()
    before = world.committer.read_player(account)
    outcome = world.battle(account, "k1")
    after = world.committer.read_player(account)
    answer = outcome.answer()
    assert after.seq == before.seq + 1
    assert {name: str(after.balance(name)) for name in ("AIBA", "NEUR", "STARS", "DIAMONDS")} == answer[
        "reward"
    ]
    assert int(answer["reward"]["AIBA"]) == 2 * answer["score"]
    assert after.state["brokers"]["starter"]["energy"] == 90


def test_the_same_key_replays_the_same_battle_even_when_the_broker_is_gone(world: GameWorld) -> None:
    account = world.player_with_starter()
    first = world.battle(account, "k1")
    world.change(account, brokers={})
    again = world.battle(account, "k1")
    assert again.is_replay
    assert again.answer() == first.answer()


def test_a_battle_can_be_recomputed_from_the_published_seed_alone(world: GameWorld) -> None:
    account = world.player_with_starter()
    answer = world.battle(account, "k1").answer()
    proof = proof_from_document(answer["proof"])
    assert disagreements(proof, day_seed(SECRET, proof.epoch)) == []
    assert disagreements(replace(proof, score=proof.score + 1), day_seed(SECRET, proof.epoch)) == ["score"]


def test_over_the_cap_the_battle_stands_without_its_reward_and_says_why(world: GameWorld) -> None:
    world.configure(daily_cap_aiba=1)
    account = world.player_with_starter()
    answer = world.battle(account, "k1").answer()
    assert answer["reward"]["AIBA"] == "0"
    assert answer["rewardHeldBecause"] == "cap_reached"
    assert answer["reward"]["STARS"] == "1"
    assert world.committer.read_player(account).balance("AIBA") == 0


def test_an_arena_cap_alone_holds_the_reward_and_gives_nothing_of_the_global_cap_away(
    world: GameWorld,
) -> None:
    world.configure(daily_cap_aiba_by_arena={"prediction": 1})
    account = world.player_with_starter()
    assert world.battle(account, "k1").answer()["rewardHeldBecause"] == "cap_reached"
    assert "rewardHeldBecause" not in world.battle(account, "k2", mode="arbitrage").answer()


def test_a_paused_game_decides_nothing_so_that_the_key_stays_free(world: GameWorld) -> None:
    account = world.player_with_starter()
    world.set_config(paused=Paused(battles=True))
    with pytest.raises(Unavailable, match="paused"):
        world.battle(account, "k1")
    world.set_config(paused=Paused())
    assert not world.battle(account, "k1").is_replay


@pytest.mark.parametrize("paused", [Paused(battles=True), Paused(battles=True, emission=True)])
def test_a_pause_takes_no_answer_back(world: GameWorld, paused: Paused) -> None:
    account = world.player_with_starter()
    won = world.battle(account, "k1").answer()
    refused = world.battle(account, "k2", mode="unknown").row
    world.set_config(paused=paused)
    again = world.battle(account, "k1")
    assert (again.answer(), again.is_replay) == (won, True)
    assert world.battle(account, "k2", mode="unknown").row == refused
    with pytest.raises(Refused) as reused:
        world.battle(account, "k1", mode="arbitrage")
    assert reused.value.code == "idempotency_key_reused"


def test_a_banned_player_fights_no_battle_and_the_refusal_is_not_recorded(world: GameWorld) -> None:
    account = world.player_with_starter()
    world.change(account, bans={"battle": {"until": 0, "reason": "bot", "by": "root", "since": 1}})
    seq = world.committer.read_player(account).seq
    with pytest.raises(Refused) as refusal:
        world.battle(account, "k1")
    assert refusal.value.code == "banned"
    assert world.committer.read_player(account).seq == seq


def test_a_recorded_refusal_is_final_for_its_key(world: GameWorld) -> None:
    account = world.player_with_starter()
    world.battle(account, "k1")
    with pytest.raises(Refused) as refusal:
        world.battle(account, "k2").answer()
    assert refusal.value.code == "cooldown"
    world.clock.advance(seconds=3600)
    with pytest.raises(Refused) as again:
        world.battle(account, "k2").answer()
    assert again.value.extra == {**refusal.value.extra, "isReplay": True}
    assert world.battle(account, "k3").answer()["score"] > 0


def test_a_battle_after_midnight_is_drawn_from_the_new_days_seed(world: GameWorld) -> None:
    account = world.player_with_starter()
    first = world.battle(account, "k1").answer()
    world.clock.advance(seconds=86_400)
    second = world.battle(account, "k2").answer()
    assert second["proof"]["epoch"] > first["proof"]["epoch"]
    assert second["proof"]["commitment"] != first["proof"]["commitment"]


def test_a_secret_that_does_not_reproduce_the_commitment_fights_no_battle(world: GameWorld) -> None:
    account = world.player_with_starter()
    world.battle(account, "k1")
    world.secrets[:] = [b"another-secret-entirely"]
    world.fairness = world.another_fairness()
    with pytest.raises(Unavailable) as refusal:
        world.battle(account, "k2", mode="arbitrage")
    assert refusal.value.code == "fairness_unavailable"


def test_a_decision_that_slept_is_never_written_and_gives_its_hold_back(world: GameWorld) -> None:
    account = world.player_with_starter()
    world.battle(account, "k1", mode="arbitrage")
    shards = {shard.id: shard.available for shard in world.store.shards.values()}
    rows = len(world.store.rows)

    class FrozenAfterTheHold(type(world.store)):  # type: ignore[misc]
        def take_hold(self, hold):
            self.is_frozen = super().take_hold(hold)
            world.clock.advance(seconds=61)
            return self.is_frozen

    world.store.__class__ = FrozenAfterTheHold
    with pytest.raises(Unavailable) as refusal:
        world.battle(account, "k2")
    assert refusal.value.code == "decision_too_old"
    assert len(world.store.rows) == rows
    assert {shard.id: shard.available for shard in world.store.shards.values()} == shards
