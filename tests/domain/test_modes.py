"""Modes and economy are data that cannot be wrong without every mistake being named."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.config_documents import (
    ECONOMY_BOUNDS,
    config_document,
    config_from_document,
    economy_document,
    economy_from_document,
    wire_name,
)
from shared.domain.errors import Refused
from shared.domain.game_config import Economy, GameConfig, Paused, default_config
from shared.domain.modes import (
    ARENAS,
    LEAGUES,
    ModeRules,
    default_mode,
    default_modes,
    mode_document,
    mode_from_document,
)
from shared.domain.score import ARENA_WEIGHTS, LEAGUE_MULTIPLIERS

TABLE = {
    ("prediction", "rookie"): ("prediction", 10, 30, 1),
    ("simulation", "pro"): ("simulation-pro", 15, 45, 5),
    ("arbitrage", "elite"): ("arbitrage-elite", 20, 60, 10),
    ("guildWars", "rookie"): ("guildWars", 15, 45, 1),
    ("guildWars", "elite"): ("guildWars-elite", 25, 75, 10),
}


@pytest.mark.parametrize(("place", "row"), TABLE.items(), ids=[row[0] for row in TABLE.values()])
def test_a_default_mode_has_the_running_games_numbers(place: tuple[str, str], row: tuple) -> None:
    mode = default_mode(*place)
    assert (mode.key, mode.energy_cost, mode.cooldown_s, mode.min_broker_level) == row


def test_there_are_fifteen_modes_and_each_survives_the_store() -> None:
    modes = default_modes()
    assert len(modes) == len(ARENAS) * len(LEAGUES) == 15
    for key, mode in modes.items():
        assert mode_from_document(mode_document(mode)) == mode
        assert mode.key == key


@pytest.mark.parametrize("arena", ARENAS)
@pytest.mark.parametrize("league", LEAGUES)
def test_basis_points_give_back_the_very_floats_of_the_formula(arena: str, league: str) -> None:
    rules = default_mode(arena, league).score_rules
    assert rules.weights == ARENA_WEIGHTS[arena]
    assert (rules.league_multiplier, rules.variance_base) == (LEAGUE_MULTIPLIERS[league], 30.0)


four_decimals = st.integers(0, 10_000).map(lambda points: points / 10_000)


@given(weights=st.tuples(*[four_decimals] * 3), league=four_decimals, variance=st.integers(0, 1_000))
def test_overrides_come_back_exactly_as_an_administrator_wrote_them(
    weights: tuple[float, ...], league: float, variance: int
) -> None:
    stats = dict(zip(("intelligence", "speed", "risk"), weights, strict=True))
    document = {
        "key": "x1",
        "arena": "prediction",
        "league": "pro",
        "rules": {"arenaWeights": stats, "leagueMultiplier": league, "varianceBase": variance},
    }
    mode = mode_from_document(document)
    rules = mode.score_rules
    assert (rules.weights.intelligence, rules.weights.speed, rules.weights.risk) == weights
    assert (rules.league_multiplier, rules.variance_base) == (league, variance)
    assert mode_document(mode)["rules"] == document["rules"]


def test_a_variance_of_zero_is_kept_apart_from_none_given() -> None:
    mode = replace(default_mode("prediction", "pro"), rules=ModeRules(variance_base_bps=0))
    assert mode.score_rules.variance_base == 0


WRONG: list[tuple[str, Any]] = [
    ("key", "1x"),
    ("key", "A"),
    ("key", "a" * 50),
    ("key", "a.b"),
    ("key", "ok\n"),
    ("arena", "moon"),
    ("league", None),
    ("energyCost", -1),
    ("energyCost", 1_001),
    ("energyCost", True),
    ("energyCost", 1.5),
    ("cooldownSeconds", 86_401),
    ("isEnabled", "yes"),
    ("entryFeeNeur", 10**9 + 1),
    ("rewardMultiplierAiba", 10.0001),
    ("rewardMultiplierAiba", float("nan")),
    ("rewardMultiplierNeur", 0.00001),
    ("rewardMultiplierNeur", "1"),
    ("rules", []),
    ("rules.minBrokerLevel", 0),
    ("rules.leagueMultiplier", float("inf")),
    ("rules.varianceBase", 1_001),
    ("rules.arenaWeights", {"intelligence": 1, "speed": 0}),
    ("rules.arenaWeights", {"intelligence": 1, "speed": 0, "risk": 0, "luck": 1}),
    ("rules.luck", 1),
    ("surprise", 1),
]


@pytest.mark.parametrize(
    ("field", "value"), WRONG, ids=[f"{i}-{field}" for i, (field, _) in enumerate(WRONG)]
)
def test_a_wrong_field_of_a_mode_is_refused_by_name(field: str, value: Any) -> None:
    document: dict[str, Any] = mode_document(default_mode("prediction", "rookie"))
    name, _, inner = field.partition(".")
    document[name] = {inner: value} if inner else value
    with pytest.raises(Refused) as refused:
        mode_from_document(document)
    assert refused.value.code == "invalid_mode"
    assert any(error["field"].startswith(field) for error in refused.value.extra["errors"])


def test_every_whole_number_of_the_economy_has_bounds() -> None:
    numbers = {each.name for each in fields(Economy) if isinstance(getattr(Economy(), each.name), int)}
    assert numbers == set(ECONOMY_BOUNDS)


@pytest.mark.parametrize("name", sorted(ECONOMY_BOUNDS))
def test_a_number_at_its_bounds_is_taken_and_one_beyond_is_refused(name: str) -> None:
    low, high = ECONOMY_BOUNDS[name]
    for value in (low, high):
        document = {wire_name(name): value}
        if name == "claim_min_aiba":
            document["claimMaxAiba"] = ECONOMY_BOUNDS["claim_max_aiba"][1]
        if name == "claim_max_aiba":
            document["claimMinAiba"] = 1
        assert getattr(economy_from_document(document), name) == value
    for value in (low - 1, high + 1, str(low), None, 1.0, True):
        with pytest.raises(Refused) as refused:
            economy_from_document({wire_name(name): value})
        assert refused.value.extra["errors"][0]["field"] == wire_name(name)


def test_all_mistakes_of_an_economy_are_listed_at_once() -> None:
    wrong = {
        "dailyCapAiba": -1,
        "trainNeurCosts": 5,
        "emissionWindowsUtc": {"prediction": [5, 25], "moon": [1, 2]},
        "dailyCapAibaByArena": {"prediction": "5"},
    }
    with pytest.raises(Refused) as refused:
        economy_from_document(wrong)
    assert {error["field"] for error in refused.value.extra["errors"]} == {
        "dailyCapAiba",
        "trainNeurCosts",
        "emissionWindowsUtc.prediction",
        "emissionWindowsUtc.moon",
        "dailyCapAibaByArena.prediction",
    }


def test_a_claim_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(Refused):
        economy_from_document({"claimMinAiba": 11, "claimMaxAiba": 10})


def test_a_whole_configuration_survives_the_store() -> None:
    config = GameConfig(
        revision=7,
        economy=Economy(daily_cap_aiba_by_arena={"arbitrage": 5}, emission_windows_utc={"*": (22, 6)}),
        limits={"battle_run": 100},
        paused=Paused(claims=True),
    )
    assert config_from_document(config_document(config)) == config
    assert economy_from_document(economy_document(Economy())) == Economy()
    assert config_from_document({**config_document(default_config()), "_id": "current"}) == default_config()


@pytest.mark.parametrize(
    "changes",
    [
        {"limits": {"battle_run": 0}},
        {"limits": {"Bad Name": 5}},
        {"paused": {"everything": True}},
        {"surprise": 1},
        {"rev": "1"},
        {"modes": {"prediction": 5}},
        {"modes": {"renamed": mode_document(default_mode("prediction", "pro"))}},
    ],
    ids=str,
)
def test_a_configuration_with_a_mistake_is_not_served(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        config_from_document({**config_document(default_config()), **changes})
