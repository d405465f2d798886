"""The daily login: NEUR once per UTC day, and a streak of days in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import MS_PER_DAY, day_before, iso_time, utc_day
from shared.domain.ledger import Accepted, Decision, Declined, Leg

if TYPE_CHECKING:
    from shared.domain.game_config import Economy
    from shared.domain.player import Player

DAILY_KIND: Final = "daily"


def decide_daily_login(player: Player, *, economy: Economy, now_ms: int) -> Decision:
    """Once per UTC day of the account's own time, which never runs backwards; `daily_taken` otherwise."""
    today = utc_day(now_ms)
    if _last_day(player) == today:
        extra = {"nextAt": iso_time(_next_day_ms(now_ms))}
        return Declined(DAILY_KIND, "daily_taken", "Today's reward was taken already", extra)
    streak = _streak_with(player, today)
    reward = economy.daily_reward_neur
    legs = (Leg("sys:emission", "NEUR", -reward), Leg(player.id, "NEUR", reward)) if reward else ()
    return Accepted(
        DAILY_KIND,
        answer={
            "reward": {"NEUR": str(reward)},
            "streak": streak,
            "balance": str(player.balance("NEUR") + reward),
            "nextAt": iso_time(_next_day_ms(now_ms)),
        },
        legs=legs,
        changes={"daily": {"day": today, "streak": streak}},
    )


def daily_answer(player: Player, *, economy: Economy, now_ms: int) -> dict[str, Any]:
    """Whether today's reward is still there, and when the next one is."""
    today = utc_day(now_ms)
    is_taken = _last_day(player) == today
    streak = int(player.state.get("daily", {}).get("streak", 0))
    is_standing = is_taken or _last_day(player) == day_before(today)
    return {
        "isAvailable": not is_taken,
        "reward": {"NEUR": str(economy.daily_reward_neur)},
        "streak": streak if is_standing else 0,
        "nextAt": iso_time(_next_day_ms(now_ms) if is_taken else now_ms),
    }


def _last_day(player: Player) -> str:
    return str(player.state.get("daily", {}).get("day", ""))


def _streak_with(player: Player, today: str) -> int:
    if _last_day(player) == day_before(today):
        return int(player.state["daily"]["streak"]) + 1
    return 1


def _next_day_ms(now_ms: int) -> int:
    return now_ms - now_ms % MS_PER_DAY + MS_PER_DAY
