"""The daily login pays once per UTC day of the account's own time."""

from __future__ import annotations

from shared.domain.calendar import MS_PER_DAY, day_start_ms
from shared.domain.daily_login import daily_answer, decide_daily_login
from shared.domain.game_config import Economy
from shared.domain.ledger import Accepted, Declined, check_legs
from shared.domain.player import Player
from tests.domain.game_players import player

MIDNIGHT_MS = day_start_ms("2026-11-22")
ECONOMY = Economy()


def daily(day: str, streak: int) -> Player:
    return player(daily={"day": day, "streak": streak})


def test_the_first_login_starts_a_streak_and_pays() -> None:
    decision = decide_daily_login(player(), economy=ECONOMY, now_ms=MIDNIGHT_MS)
    assert isinstance(decision, Accepted)
    check_legs(decision.legs)
    assert decision.answer["reward"] == {"NEUR": "50"}
    assert decision.changes == {"daily": {"day": "2026-11-22", "streak": 1}}


def test_the_same_day_is_refused_until_its_last_millisecond_and_the_next_instant_pays() -> None:
    taken = daily("2026-11-22", 3)
    last_ms = MIDNIGHT_MS + MS_PER_DAY - 1
    refused = decide_daily_login(taken, economy=ECONOMY, now_ms=last_ms)
    assert isinstance(refused, Declined)
    assert refused.extra == {"nextAt": "2026-11-23T00:00:00.000Z"}
    paid = decide_daily_login(taken, economy=ECONOMY, now_ms=last_ms + 1)
    assert isinstance(paid, Accepted)
    assert paid.answer["streak"] == 4


def test_a_missed_day_starts_the_streak_anew() -> None:
    decision = decide_daily_login(daily("2026-11-20", 9), economy=ECONOMY, now_ms=MIDNIGHT_MS)
    assert isinstance(decision, Accepted)
    assert decision.answer["streak"] == 1


def test_a_streak_that_can_still_be_kept_is_shown_and_a_lost_one_is_not() -> None:
    def shown(day: str) -> int:
        return int(daily_answer(daily(day, 4), economy=ECONOMY, now_ms=MIDNIGHT_MS)["streak"])

    assert [shown(day) for day in ("2026-11-22", "2026-11-21", "2026-11-20")] == [4, 4, 0]


def test_a_reward_of_nothing_posts_nothing() -> None:
    decision = decide_daily_login(player(), economy=Economy(daily_reward_neur=0), now_ms=MIDNIGHT_MS)
    assert isinstance(decision, Accepted)
    assert decision.legs == ()
