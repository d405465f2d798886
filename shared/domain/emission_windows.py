"""Hours of the UTC day in which rewards are emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.calendar import MS_PER_DAY, MS_PER_HOUR

if TYPE_CHECKING:
    from shared.domain.game_config import Economy

_HOURS_PER_DAY = 24


def is_hour_in_window(hour: int, *, start_hour: int, end_hour: int) -> bool:
    """Whether `hour` lies in [start, end): 0-24 is always open, equal ends closed, start > end wraps."""
    if start_hour == end_hour:
        return False
    if start_hour < end_hour:
        return start_hour <= hour < end_hour
    return hour >= start_hour or hour < end_hour


def emission_window(economy: Economy, *, arena: str, league: str) -> tuple[int, int]:
    """The most particular window: arena and league, arena, everywhere, else the global hours."""
    for scope in (f"{arena}:{league}", arena, "*"):
        window = economy.emission_windows_utc.get(scope)
        if window is not None:
            return window
    return economy.emission_start_hour_utc, economy.emission_end_hour_utc


def is_emission_open(economy: Economy, *, arena: str, league: str, now_ms: int) -> bool:
    """Whether a battle here may be rewarded in the hour that contains the instant."""
    start_hour, end_hour = emission_window(economy, arena=arena, league=league)
    hour = now_ms % MS_PER_DAY // MS_PER_HOUR
    return is_hour_in_window(hour, start_hour=start_hour, end_hour=end_hour)


def window_opens_at_ms(economy: Economy, *, arena: str, league: str, now_ms: int) -> int | None:
    """The next instant at which a closed window opens; None when no hour of the day is open."""
    start_hour, end_hour = emission_window(economy, arena=arena, league=league)
    this_hour_ms = now_ms - now_ms % MS_PER_HOUR
    for hours in range(1, _HOURS_PER_DAY + 1):
        opens_ms = this_hour_ms + hours * MS_PER_HOUR
        hour = opens_ms % MS_PER_DAY // MS_PER_HOUR
        if is_hour_in_window(hour, start_hour=start_hour, end_hour=end_hour):
            return opens_ms
    return None
