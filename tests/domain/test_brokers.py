"""Brokers rest, learn, merge and cost exactly what the configuration says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.broker_actions import (
    decide_combination,
    decide_purchase,
    decide_repair,
    decide_starter,
    decide_training,
    decide_upgrade,
)
from shared.domain.brokers import (
    CATALOGUE,
    MAX_BROKERS,
    Ban,
    broker_document,
    broker_from_document,
    combined,
    starter_broker,
    trained,
    upgraded,
)
from shared.domain.errors import Refused
from shared.domain.game_config import Economy
from shared.domain.ledger import Accepted, Decision, Declined, check_changes, check_legs
from tests.domain.game_players import NOW_MS, broker, player

ECONOMY = Economy()
NOW = {"economy": ECONOMY, "now_ms": NOW_MS}


def refused(decision: Decision) -> str:
    assert isinstance(decision, Declined)
    return decision.code


def accepted(decision: Decision) -> Accepted:
    assert isinstance(decision, Accepted)
    check_legs(decision.legs)
    check_changes(decision.changes)
    return decision


@given(
    energy=st.integers(0, 100),
    gaps=st.lists(st.integers(0, 10_000_000), min_size=1, max_size=6),
)
def test_energy_grows_alike_however_often_one_looks(energy: int, gaps: list[int]) -> None:
    often = once = broker(energy=energy)
    now_ms = NOW_MS
    for gap in gaps:
        now_ms += gap
        often = often.rested(ECONOMY, now_ms=now_ms)
    once = once.rested(ECONOMY, now_ms=now_ms)
    assert (often.energy, often.energy_at_ms) == (once.energy, once.energy_at_ms)
    assert often.energy == min(100, energy + (now_ms - NOW_MS) // 60_000)


def test_a_fraction_of_the_next_point_is_kept() -> None:
    rested = broker(energy=5).rested(ECONOMY, now_ms=NOW_MS + 119_000)
    assert rested.energy == 6
    assert rested.rested(ECONOMY, now_ms=NOW_MS + 120_000).energy == 7


def test_past_cooldowns_are_forgotten_and_standing_ones_kept() -> None:
    rested = broker(cooldowns={"a": NOW_MS, "b": NOW_MS + 1}).rested(ECONOMY, now_ms=NOW_MS)
    assert rested.cooldowns == {"b": NOW_MS + 1}


def test_a_clock_that_went_back_takes_no_energy_away() -> None:
    assert broker(energy=5).rested(ECONOMY, now_ms=NOW_MS - 10**9).energy == 5


def test_the_starter_is_given_once_even_when_it_was_combined_away() -> None:
    first = accepted(decide_starter(player(), **NOW))
    assert first.changes["starter"] == 1
    assert first.legs == ()
    assert refused(decide_starter(player(starter=1), **NOW)) == "starter_already_granted"


def test_training_adds_a_point_and_experience_for_neur() -> None:
    decision = accepted(decide_training(player(broker(), neur=25), "b1", "risk", **NOW))
    changed = decision.changes["brokers.b1"]
    assert (changed["risk"], changed["xp"], changed["level"]) == (51, 5, 1)
    assert [(leg.account, leg.currency, leg.delta) for leg in decision.legs] == [
        ("ann", "NEUR", -25),
        ("sys:fee", "NEUR", 25),
    ]


def test_upgrading_burns_aiba_and_stops_at_the_most() -> None:
    decision = accepted(decide_upgrade(player(broker(speed=99), aiba=50), "b1", "speed", **NOW))
    changed = decision.changes["brokers.b1"]
    assert (changed["speed"], changed["xp"], changed["level"]) == (100, 10, 2)
    assert ("sys:burn", 50) in [(leg.account, leg.delta) for leg in decision.legs]


def test_repairing_fills_energy_and_clears_cooldowns() -> None:
    tired = broker(energy=3, cooldowns={"prediction": NOW_MS + 9})
    decision = accepted(decide_repair(player(tired, neur=15), "b1", **NOW))
    changed = decision.changes["brokers.b1"]
    assert (changed["energy"], changed["cooldowns"]) == (100, {})


def test_combining_takes_rounded_means_and_the_sacrifice_is_gone() -> None:
    base = broker("b1", intelligence=50, speed=51, risk=52, xp=7)
    other = broker("b2", intelligence=51, speed=51, risk=55, xp=100)
    decision = accepted(decide_combination(player(base, other, neur=50), "b1", "b2", **NOW))
    changed = decision.changes["brokers.b1"]
    assert (changed["intelligence"], changed["speed"], changed["risk"], changed["xp"]) == (51, 51, 54, 127)
    assert decision.removals == ("brokers.b2",)


@pytest.mark.parametrize(("catalogue_id", "entry"), CATALOGUE.items(), ids=list(CATALOGUE))
def test_a_catalogue_broker_costs_its_price_and_has_its_stats(catalogue_id: str, entry: Any) -> None:
    who = player(aiba=entry.price_aiba)
    decision = accepted(decide_purchase(who, catalogue_id, key="k", **NOW))
    (path,) = decision.changes
    bought = decision.changes[path]
    assert (bought["intelligence"], bought["speed"], bought["risk"]) == (
        entry.intelligence,
        entry.speed,
        entry.risk,
    )
    assert decision.answer["balance"] == "0"
    poor = player(aiba=entry.price_aiba - 1)
    assert refused(decide_purchase(poor, catalogue_id, key="k", **NOW)) == "insufficient_funds"


def test_two_purchases_with_different_keys_are_two_brokers() -> None:
    who = player(aiba=100)
    paths = {
        next(iter(accepted(decide_purchase(who, "scout", key=key, **NOW)).changes)) for key in ("k1", "k2")
    }
    assert len(paths) == 2


def test_a_player_has_at_most_fifty_brokers() -> None:
    full = player(*(broker(f"b{index}") for index in range(MAX_BROKERS)), aiba=50)
    assert refused(decide_purchase(full, "scout", key="k", **NOW)) == "broker_limit"


BANNED = broker(ban=Ban(0, "stolen"))
OTHER = broker("b2")
RICH = {"neur": 10_000, "aiba": 10_000}
REFUSALS = [
    ("broker_not_found", lambda: decide_training(player(**RICH), "b1", "risk", **NOW)),
    ("broker_banned", lambda: decide_training(player(BANNED, **RICH), "b1", "risk", **NOW)),
    ("stat_at_maximum", lambda: decide_training(player(broker(risk=100), **RICH), "b1", "risk", **NOW)),
    ("insufficient_funds", lambda: decide_training(player(broker(), neur=24), "b1", "risk", **NOW)),
    ("broker_not_found", lambda: decide_upgrade(player(**RICH), "b1", "risk", **NOW)),
    ("broker_banned", lambda: decide_upgrade(player(BANNED, **RICH), "b1", "risk", **NOW)),
    ("insufficient_funds", lambda: decide_upgrade(player(broker(), aiba=49), "b1", "risk", **NOW)),
    ("broker_not_found", lambda: decide_repair(player(**RICH), "b1", **NOW)),
    ("broker_banned", lambda: decide_repair(player(BANNED, **RICH), "b1", **NOW)),
    ("insufficient_funds", lambda: decide_repair(player(broker(), neur=14), "b1", **NOW)),
    ("broker_not_found", lambda: decide_combination(player(OTHER, **RICH), "b1", "b2", **NOW)),
    ("broker_not_found", lambda: decide_combination(player(broker(), **RICH), "b1", "b2", **NOW)),
    ("broker_banned", lambda: decide_combination(player(BANNED, OTHER, **RICH), "b1", "b2", **NOW)),
    ("broker_banned", lambda: decide_combination(player(BANNED, OTHER, **RICH), "b2", "b1", **NOW)),
    ("insufficient_funds", lambda: decide_combination(player(broker(), OTHER, neur=49), "b1", "b2", **NOW)),
    ("catalogue_entry_unknown", lambda: decide_purchase(player(**RICH), "god", key="k", **NOW)),
]


@pytest.mark.parametrize(
    ("code", "decide"), REFUSALS, ids=[f"{i}-{code}" for i, (code, _) in enumerate(REFUSALS)]
)
def test_an_action_is_refused_for_its_own_reason(code: str, decide: Any) -> None:
    assert refused(decide()) == code


def test_a_broker_cannot_be_combined_with_itself() -> None:
    with pytest.raises(Refused, match="itself"):
        decide_combination(player(broker(), **RICH), "b1", "b1", **NOW)


def test_a_ban_that_has_run_out_stops_nothing() -> None:
    served = broker(ban=Ban(NOW_MS, "once"))
    accepted(decide_repair(player(served, neur=15), "b1", **NOW))


def test_a_cost_of_nothing_makes_an_action_free() -> None:
    free = {"economy": Economy(repair_neur_cost=0), "now_ms": NOW_MS}
    assert accepted(decide_repair(player(broker()), "b1", **free)).legs == ()


@given(stat=st.sampled_from(["intelligence", "speed", "risk"]), start=st.integers(0, 100))
def test_no_action_carries_a_stat_past_its_most(stat: str, start: int) -> None:
    before = broker(**{stat: start})
    for after in (trained(before, stat), upgraded(before, stat), combined(before, before)):
        assert start <= getattr(after, stat) <= 100


def test_a_broker_survives_the_store_unchanged() -> None:
    full = broker(ban=Ban(5, "x"), cooldowns={"a": 1}, xp=3)
    assert broker_from_document("b1", broker_document(full)) == full
    starter = starter_broker(**NOW)
    assert broker_from_document(starter.id, broker_document(starter)) == starter
