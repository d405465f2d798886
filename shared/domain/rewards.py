"""What a battle pays: whole units, basis points multiplied and floored once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_DAY
from shared.domain.errors import ensure
from shared.domain.money import BPS_WHOLE
from shared.domain.score import MAX_LEVEL, MAX_STAT, Fighter, highest_score

if TYPE_CHECKING:
    from shared.domain.game_config import Economy
    from shared.domain.modes import Mode

STREAK_BONUS_BPS_PER_WIN: Final = 100
MAX_STREAK_WINS: Final = 5
STREAK_LASTS_MS: Final = MS_PER_DAY


@dataclass(frozen=True, slots=True)
class Reward:
    """Units per currency; STARS and DIAMONDS are recognition, outside every cap."""

    aiba: int = 0
    neur: int = 0
    stars: int = 0
    diamonds: int = 0


@dataclass(frozen=True, slots=True)
class WinStreak:
    """The player's wins in a row and the instant of the last; more than a day apart starts anew."""

    wins: int
    last_win_ms: int

    def at(self, now_ms: int) -> int:
        """Wins in a row still standing at this instant."""
        return self.wins if now_ms - self.last_win_ms < STREAK_LASTS_MS else 0

    def after(self, score: int, *, now_ms: int) -> WinStreak:
        """A win is a score above nothing; anything else ends the streak."""
        if score > 0:
            return WinStreak(self.at(now_ms) + 1, now_ms)
        return WinStreak(0, self.last_win_ms)


def streak_multiplier_bps(wins_in_a_row: int) -> int:
    """One percent more per win in a row before this battle, at most five."""
    return BPS_WHOLE + STREAK_BONUS_BPS_PER_WIN * min(wins_in_a_row, MAX_STREAK_WINS)


def reward_units(score: int, per_score: int, *, mode_bps: int, streak_bps: int) -> int:
    """floor(score * per_score * mode * streak): the only rounding is the one at the end."""
    ensure(score >= 0 and per_score >= 0 and mode_bps >= 0, "rewards are made of non-negative factors")
    return score * per_score * mode_bps * streak_bps // (BPS_WHOLE * BPS_WHOLE)


def battle_reward(
    score: int, *, economy: Economy, mode: Mode, wins_in_a_row: int, has_won_before: bool
) -> Reward:
    """What this score earns where emission is open; stars for a win, diamonds for the first win ever."""
    streak_bps = streak_multiplier_bps(wins_in_a_row)
    is_win = score > 0
    return Reward(
        aiba=reward_units(
            score, economy.base_reward_aiba_per_score, mode_bps=mode.reward_aiba_bps, streak_bps=streak_bps
        ),
        neur=reward_units(
            score, economy.base_reward_neur_per_score, mode_bps=mode.reward_neur_bps, streak_bps=streak_bps
        ),
        stars=economy.star_reward_per_battle if is_win else 0,
        diamonds=economy.diamond_reward_first_win if is_win and not has_won_before else 0,
    )


def largest_reward(economy: Economy, mode: Mode) -> Reward:
    """The most one battle of this mode can pay: a perfect broker, the best draw, the longest streak."""
    perfect = Fighter(MAX_STAT, MAX_STAT, MAX_STAT, MAX_LEVEL)
    best = max(0, highest_score(perfect, mode.score_rules))
    return battle_reward(
        best, economy=economy, mode=mode, wins_in_a_row=MAX_STREAK_WINS, has_won_before=False
    )
