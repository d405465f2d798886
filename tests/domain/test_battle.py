"""A battle is one balanced row, or the first refusal of a fixed order, and never more than it may pay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import battle
from shared.domain.battle import UNDER_REVIEW, is_impossible
from shared.domain.brokers import Ban
from shared.domain.calendar import iso_time
from shared.domain.fairness import DaySeed, disagreements, proof_from_document
from shared.domain.game_config import default_config
from shared.domain.ledger import Accepted, Declined, check_changes, check_legs
from shared.domain.rewards import largest_reward
from tests.domain.game_players import DAY_SEED, NOW_MS, broker, fight, player, with_economy, with_mode

TIRED = {"energy": 0, "cooldowns": {"prediction-pro": NOW_MS + 5_000}, "level": 1, "ban": Ban(0, "cheat")}
PRO = "prediction-pro"
REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("mode_unknown", {"mode": "no-such-mode"}),
    ("mode_disabled", {"config": with_mode(PRO, is_enabled=False)}),
    ("broker_not_found", {"broker_id": "of-bob"}),
    ("broker_banned", {}),
    ("league_locked", {"ban": None}),
    ("no_energy", {"ban": None, "level": 5}),
    ("cooldown", {"ban": None, "level": 5, "energy": 15}),
    ("insufficient_funds", {"ban": None, "level": 5, "energy": 15, "cooldowns": {}}),
]


@pytest.mark.parametrize(("code", "repaired"), REFUSALS, ids=[code for code, _ in REFUSALS])
def test_of_everything_that_is_wrong_the_first_in_order_is_said(code: str, repaired: dict[str, Any]) -> None:
    options = {"mode": PRO, "config": with_mode(PRO, entry_fee_neur=1), **repaired}
    changes = {name: options.pop(name, value) for name, value in TIRED.items()}
    decision = fight(player(broker(**changes)), **options)
    assert isinstance(decision, Declined)
    assert decision.code == code


def test_a_guild_mode_is_refused_until_guilds_exist() -> None:
    decision = fight(player(broker(level=50)), mode="guildWars-elite")
    assert isinstance(decision, Declined)
    assert decision.code == "guild_required"


def test_without_energy_the_refusal_says_when_the_next_point_and_when_enough_is_there() -> None:
    decision = fight(player(broker(energy=7, energy_at_ms=NOW_MS - 59_000)))
    assert isinstance(decision, Declined)
    assert decision.extra == {
        "need": 10,
        "have": 7,
        "nextEnergyAt": iso_time(NOW_MS + 1_000),
        "readyAt": iso_time(NOW_MS + 121_000),
    }


def test_a_level_too_low_says_which_is_needed() -> None:
    decision = fight(player(broker(level=9)), mode="arbitrage-elite")
    assert isinstance(decision, Declined)
    assert (decision.code, decision.extra) == ("league_locked", {"need": 10, "have": 9})


def test_an_overridden_minimum_level_replaces_the_leagues() -> None:
    config = default_config()
    mode = config.modes["prediction-elite"]
    easier = with_mode("prediction-elite", rules=replace(mode.rules, min_broker_level=1))
    assert isinstance(fight(player(broker()), mode="prediction-elite", config=easier), Accepted)


def test_a_cooldown_is_over_at_the_very_instant_it_names() -> None:
    who = player(broker(cooldowns={"prediction": NOW_MS}))
    assert isinstance(fight(who), Accepted)
    assert isinstance(fight(who, now_ms=NOW_MS - 1), Declined)


def test_a_cooldown_of_one_mode_leaves_the_others_open() -> None:
    who = player(broker(cooldowns={"prediction": NOW_MS + 1}))
    assert isinstance(fight(who, mode="arbitrage"), Accepted)


def test_the_fee_is_taken_and_the_reward_minted_in_the_same_row() -> None:
    config = with_mode("prediction", entry_fee_neur=3, entry_fee_aiba=2)
    decision = fight(player(broker(), neur=3, aiba=2), config=config)
    assert isinstance(decision, Accepted)
    fees = [(leg.currency, leg.delta) for leg in decision.legs if leg.account == "sys:fee"]
    assert fees == [("NEUR", 3), ("AIBA", 2)]
    assert any(leg.account == "sys:emission" for leg in decision.legs)


def test_the_same_request_always_draws_the_same_score_and_another_key_another() -> None:
    who = player(broker())
    scores = {
        key: [fight(who, key=key).answer["score"] for _ in range(3)]  # type: ignore[union-attr]
        for key in ("k1", "k2", "k3", "k4")
    }
    assert all(len(set(drawn)) == 1 for drawn in scores.values())
    assert len({drawn[0] for drawn in scores.values()}) > 1


def test_outside_the_emission_window_the_battle_stands_and_says_why() -> None:
    decision = fight(
        player(broker()), config=with_economy(emission_start_hour_utc=3, emission_end_hour_utc=3)
    )
    assert isinstance(decision, Accepted)
    assert decision.answer["rewardHeldBecause"] == "emission_window_closed"
    assert decision.emissions == ()
    assert decision.answer["reward"]["STARS"] == "1"


def test_a_closed_window_says_when_it_opens() -> None:
    hour = NOW_MS % 86_400_000 // 3_600_000
    config = with_economy(emission_start_hour_utc=(hour + 2) % 24, emission_end_hour_utc=(hour + 3) % 24)
    decision = fight(player(broker()), config=config)
    assert isinstance(decision, Accepted)
    opens_ms = NOW_MS - NOW_MS % 3_600_000 + 2 * 3_600_000
    assert decision.answer["emissionOpensAt"] == iso_time(opens_ms)


def test_a_mode_that_pays_nothing_holds_nothing_back() -> None:
    decision = fight(player(broker()), config=with_mode("prediction", reward_aiba_bps=0), block="cap_reached")
    assert isinstance(decision, Accepted)
    assert "rewardHeldBecause" not in decision.answer


def test_the_first_win_ever_earns_a_diamond_and_no_later_one_does() -> None:
    first = fight(player(broker()))
    later = fight(player(broker(), firstWin=1))
    assert isinstance(first, Accepted)
    assert isinstance(later, Accepted)
    assert (first.answer["reward"]["DIAMONDS"], later.answer["reward"]["DIAMONDS"]) == ("1", "0")
    assert first.changes["firstWin"] == 1


def test_a_broker_without_any_skill_in_a_mode_without_chance_loses_and_ends_the_streak() -> None:
    mode = default_config().modes["prediction"]
    certain = with_mode("prediction", rules=replace(mode.rules, variance_base_bps=0))
    weak = broker(intelligence=0, speed=0, risk=0)
    decision = fight(player(weak, streak={"wins": 4, "lastWin": NOW_MS}), config=certain)
    assert isinstance(decision, Accepted)
    assert decision.answer["score"] == 0
    assert decision.changes["streak"]["wins"] == 0
    assert decision.legs == ()


def test_an_arena_cap_adds_its_budget_before_the_global_one() -> None:
    config = with_economy(daily_cap_aiba_by_arena={"prediction": 500}, base_reward_neur_per_score=1)
    decision = fight(player(broker()), config=config)
    assert isinstance(decision, Accepted)
    assert [wish.name for wish in decision.emissions] == ["AIBA@prediction", "AIBA", "NEUR"]


def test_a_score_above_what_is_possible_is_recognised_as_our_bug() -> None:
    decision = fight(player(broker()))
    assert isinstance(decision, Accepted)
    proof = proof_from_document(decision.answer["proof"])
    mode = default_config().modes["prediction"]
    assert not is_impossible(proof, mode)
    assert is_impossible(replace(proof, score=10_000), mode)


def test_an_impossible_score_is_worth_nothing_and_the_first_win_is_still_to_be_won(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standing = {"wins": 3, "lastWin": NOW_MS - 60_000}
    with monkeypatch.context() as too_strict:
        too_strict.setattr(battle, "highest_score", lambda *_: 0)
        held = fight(player(broker(), streak=standing))
    assert isinstance(held, Accepted)
    assert held.answer["rewardHeldBecause"] == UNDER_REVIEW
    assert set(held.answer["reward"].values()) == {"0"}
    assert (held.legs, held.emissions) == ((), ())
    assert set(held.changes) == {"brokers.b1"}, "no streak and no first win"
    assert held.answer["winStreak"] == 3
    honest = fight(player(broker(), streak=standing))
    assert isinstance(honest, Accepted)
    assert (honest.answer["reward"]["DIAMONDS"], honest.answer["winStreak"]) == ("1", 4)


battles = {
    "mode": st.sampled_from([key for key in default_config().modes if not key.startswith("guildWars")]),
    "key": st.text("abcdefghijklmnopqrstuvwxyz0123456789._:-", min_size=1, max_size=40),
    "stats": st.tuples(*[st.integers(0, 100)] * 3),
    "level": st.integers(10, 10_000),
    "wins": st.integers(0, 20),
    "block": st.sampled_from([None, "cap_reached"]),
}


@given(**battles)
def test_every_battle_is_a_balanced_row_within_the_largest_reward_and_follows_from_its_seed(
    mode: str, key: str, stats: tuple[int, int, int], level: int, wins: int, block: str | None
) -> None:
    intelligence, speed, risk = stats
    fighter = broker(intelligence=intelligence, speed=speed, risk=risk, level=level)
    config = default_config()
    who = player(fighter, streak={"wins": wins, "lastWin": NOW_MS})
    decision = fight(who, mode=mode, key=key, block=block)
    assert isinstance(decision, Accepted)
    check_legs(decision.legs)
    check_changes(decision.changes)
    most = largest_reward(config.economy, config.modes[mode])
    assert sum(wish.amount for wish in decision.emissions) == (
        0 if block else int(decision.answer["reward"]["AIBA"])
    )
    assert int(decision.answer["reward"]["AIBA"]) <= most.aiba
    assert decision.changes["brokers.b1"]["energy"] == 100 - config.modes[mode].energy_cost
    assert disagreements(proof_from_document(decision.answer["proof"]), DAY_SEED.seed) == []
    assert "commitment" in disagreements(
        proof_from_document(decision.answer["proof"]), DaySeed("x", b"another seed").seed
    )
