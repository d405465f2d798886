"""Rewards are floored once, bounded by what a budget shard was planned for, and emitted in their hours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.budget_plans import emissions_of, largest_single_amount, plan_budget
from shared.domain.calendar import MS_PER_DAY, MS_PER_HOUR
from shared.domain.emission_windows import (
    emission_window,
    is_emission_open,
    is_hour_in_window,
    window_opens_at_ms,
)
from shared.domain.errors import InvariantBroken
from shared.domain.game_config import Economy, default_config
from shared.domain.rewards import WinStreak, reward_units, streak_multiplier_bps
from tests.domain.game_players import NOW_MS, with_economy


@given(
    score=st.integers(0, 100_000),
    per_score=st.integers(0, 1_000),
    mode_bps=st.integers(0, 100_000),
    wins=st.integers(0, 10),
)
def test_a_reward_is_the_exact_product_floored_once(
    score: int, per_score: int, mode_bps: int, wins: int
) -> None:
    streak_bps = streak_multiplier_bps(wins)
    units = reward_units(score, per_score, mode_bps=mode_bps, streak_bps=streak_bps)
    exact = score * per_score * mode_bps * streak_bps
    assert units * 10**8 <= exact < (units + 1) * 10**8


def test_flooring_each_multiplier_on_its_own_would_pay_less() -> None:
    assert (
        reward_units(7, 1, mode_bps=15_000, streak_bps=10_500) == 11
    )  # 11.025; 10 * 1.05 floored would be 10


@pytest.mark.parametrize(("wins", "bps"), [(0, 10_000), (1, 10_100), (5, 10_500), (6, 10_500), (99, 10_500)])
def test_the_streak_pays_one_percent_a_win_and_at_most_five(wins: int, bps: int) -> None:
    assert streak_multiplier_bps(wins) == bps


def test_a_streak_lasts_a_day_after_its_last_win_and_not_a_millisecond_longer() -> None:
    streak = WinStreak(3, NOW_MS)
    assert streak.at(NOW_MS + MS_PER_DAY - 1) == 3
    assert streak.at(NOW_MS + MS_PER_DAY) == 0
    assert streak.after(1, now_ms=NOW_MS + MS_PER_DAY).wins == 1
    assert streak.after(0, now_ms=NOW_MS).wins == 0


@pytest.mark.parametrize(
    ("start", "end", "open_hours"),
    [
        (0, 24, range(24)),
        (8, 20, range(8, 20)),
        (22, 6, [22, 23, *range(6)]),
        (5, 5, []),
        (0, 0, []),
        (24, 6, range(6)),
        (24, 0, []),
        (23, 24, [23]),
    ],
)
def test_a_window_is_open_from_its_start_until_before_its_end(
    start: int, end: int, open_hours: range
) -> None:
    opened = [hour for hour in range(24) if is_hour_in_window(hour, start_hour=start, end_hour=end)]
    assert opened == sorted(open_hours)


def test_the_most_particular_window_counts() -> None:
    windows = {"prediction:pro": (1, 2), "prediction": (3, 4), "*": (5, 6)}
    economy = Economy(emission_windows_utc=windows, emission_start_hour_utc=7, emission_end_hour_utc=8)
    assert emission_window(economy, arena="prediction", league="pro") == (1, 2)
    assert emission_window(economy, arena="prediction", league="elite") == (3, 4)
    assert emission_window(economy, arena="arbitrage", league="pro") == (5, 6)
    assert emission_window(replace(economy, emission_windows_utc={}), arena="x", league="y") == (7, 8)


@given(start=st.integers(0, 24), end=st.integers(0, 24), now_ms=st.integers(NOW_MS, NOW_MS + 3 * MS_PER_DAY))
def test_a_closed_window_opens_at_the_first_open_hour_or_never(start: int, end: int, now_ms: int) -> None:
    economy = Economy(emission_start_hour_utc=start, emission_end_hour_utc=end)
    opens_ms = window_opens_at_ms(economy, arena="prediction", league="pro", now_ms=now_ms)

    def is_open(at_ms: int) -> bool:
        return is_emission_open(economy, arena="prediction", league="pro", now_ms=at_ms)

    hours = [now_ms - now_ms % MS_PER_HOUR + hour * MS_PER_HOUR for hour in range(1, 25)]
    assert opens_ms == next((hour_ms for hour_ms in hours if is_open(hour_ms)), None)
    assert opens_ms is not None or not any(
        is_hour_in_window(h, start_hour=start, end_hour=end) for h in range(24)
    )


def test_shards_are_never_so_many_that_a_share_is_below_a_hundred_rewards() -> None:
    config = with_economy(budget_shards=256)
    plan = plan_budget(config, "AIBA")
    largest = largest_single_amount(config, "AIBA")
    assert plan.shards == 1_000_000 // (100 * largest) > 1
    assert min(plan.shard_caps()) >= 100 * largest
    assert sum(plan.shard_caps()) == 1_000_000


def test_a_small_cap_has_one_shard_and_an_arena_its_own_cap() -> None:
    config = with_economy(budget_shards=32, daily_cap_aiba_by_arena={"prediction": 7})
    assert (plan_budget(config, "AIBA@prediction").cap, plan_budget(config, "AIBA@prediction").shards) == (
        7,
        1,
    )


def test_every_budget_the_game_draws_on_has_a_plan() -> None:
    config = default_config()
    caps = {
        name: plan_budget(config, name).cap for name in ("AIBA", "NEUR", "claims", "claimsHour", "adminAiba")
    }
    assert caps == {
        "AIBA": 1_000_000,
        "NEUR": 10_000_000,
        "claims": 500_000,
        "claimsHour": 100_000,
        "adminAiba": 50_000,
    }
    with pytest.raises(InvariantBroken):
        plan_budget(config, "no-such-budget")


def test_a_cap_that_was_withdrawn_meanwhile_leaves_nothing() -> None:
    assert plan_budget(default_config(), "AIBA@prediction").cap == 0


def test_nothing_is_asked_for_nothing() -> None:
    assert emissions_of(default_config(), aiba=0, neur=0, arena="prediction") == ()
