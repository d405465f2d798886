"""The score agrees with the running game's, case by case, and never leaves its bounds."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.score import (
    ARENA_WEIGHTS,
    LEAGUE_MULTIPLIERS,
    Fighter,
    ScoreRules,
    Weights,
    first_draw,
    highest_score,
    score_of,
)

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "battle_score.json").read_text())


def rules_of(case: dict) -> ScoreRules:
    rules = case["rules"]
    weights = Weights(**rules["arenaWeights"]) if "arenaWeights" in rules else ARENA_WEIGHTS[case["arena"]]
    return ScoreRules(
        weights,
        rules.get("leagueMultiplier", LEAGUE_MULTIPLIERS[case["league"]]),
        rules.get("varianceBase", 30),
    )


def test_all_thousand_vectors_agree_in_draw_and_score() -> None:
    assert len(VECTORS) == 1000
    wrong = [
        case
        for case in VECTORS
        if first_draw(case["seed"]) != case["draw"]
        or score_of(Fighter(**case["broker"]), rules_of(case), draw=case["draw"]) != case["score"]
    ]
    assert wrong == []


def test_a_variance_base_of_zero_is_zero_and_not_the_default() -> None:
    fighter = Fighter(50, 50, 50, 1)
    rules = ScoreRules(ARENA_WEIGHTS["prediction"], 1.0, 0)
    assert {score_of(fighter, rules, draw=draw) for draw in (0.0, 0.5, 0.999999)} == {50}


def test_stats_and_levels_outside_their_range_count_as_the_nearest_allowed() -> None:
    rules = ScoreRules(ARENA_WEIGHTS["prediction"], 1.0)
    assert score_of(Fighter(-5, 500, 101, 0), rules, draw=0.5) == score_of(
        Fighter(0, 100, 100, 1), rules, draw=0.5
    )
    assert score_of(Fighter(50, 50, 50, 10**9), rules, draw=0.5) == 75


stats = st.integers(min_value=0, max_value=100)


@given(
    fighter=st.builds(Fighter, stats, stats, stats, st.integers(min_value=1, max_value=20_000)),
    arena=st.sampled_from(sorted(ARENA_WEIGHTS)),
    league=st.sampled_from(sorted(LEAGUE_MULTIPLIERS)),
    seed=st.integers(min_value=0, max_value=2**32 - 1),
    variance=st.floats(min_value=0, max_value=1000, allow_nan=False),
)
def test_a_score_lies_between_nothing_and_the_theoretical_maximum(
    fighter: Fighter, arena: str, league: str, seed: int, variance: float
) -> None:
    rules = ScoreRules(ARENA_WEIGHTS[arena], LEAGUE_MULTIPLIERS[league], variance)
    draw = first_draw(seed)
    assert 0 <= draw < 1
    assert 0 <= score_of(fighter, rules, draw=draw) <= highest_score(fighter, rules)


@pytest.mark.parametrize("arena", sorted(ARENA_WEIGHTS))
def test_the_built_in_weights_of_an_arena_sum_to_the_whole(arena: str) -> None:
    weights = ARENA_WEIGHTS[arena]
    assert weights.intelligence + weights.speed + weights.risk == pytest.approx(1)
