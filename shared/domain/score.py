"""The battle's score: how a broker, an arena and one draw of chance become points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

STATS: Final = ("intelligence", "speed", "risk")
MAX_STAT: Final = 100
MAX_LEVEL: Final = 10_000
DEFAULT_VARIANCE_BASE: Final = 30.0
_UINT32: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each stat counts in an arena; the built-in ones sum to 1."""

    intelligence: float
    speed: float
    risk: float


ARENA_WEIGHTS: Final[Mapping[str, Weights]] = MappingProxyType(
    {
        "prediction": Weights(0.7, 0.2, 0.1),
        "simulation": Weights(0.5, 0.3, 0.2),
        "strategyWars": Weights(0.6, 0.1, 0.3),
        "arbitrage": Weights(0.5, 0.3, 0.2),
        "guildWars": Weights(0.4, 0.3, 0.3),
    }
)
LEAGUE_MULTIPLIERS: Final[Mapping[str, float]] = MappingProxyType({"rookie": 1.0, "pro": 1.1, "elite": 1.2})


@dataclass(frozen=True, slots=True)
class ScoreRules:
    """What of a mode enters the score: the arena's weights, the league's multiplier, the spread of chance."""

    weights: Weights
    league_multiplier: float
    variance_base: float = DEFAULT_VARIANCE_BASE


@dataclass(frozen=True, slots=True)
class Fighter:
    """What of a broker enters the score; stats 0-100, level from 1."""

    intelligence: int
    speed: int
    risk: int
    level: int


def first_draw(seed: int) -> float:
    """The first value of mulberry32(seed), in [0, 1): 32-bit arithmetic exactly as JavaScript's."""
    state = (seed + 0x6D2B79F5) & _UINT32
    mixed = ((state ^ (state >> 15)) * (state | 1)) & _UINT32
    mixed ^= (mixed + (((mixed ^ (mixed >> 7)) * (mixed | 61)) & _UINT32)) & _UINT32
    return float(((mixed ^ (mixed >> 14)) & _UINT32) / 4_294_967_296)


def score_of(fighter: Fighter, rules: ScoreRules, *, draw: float) -> int:
    """Points of a battle, never negative, rounded half up.

    The order of the floating-point operations is part of the rule: every implementation that keeps
    it agrees to the last point (tests/data/battle_score.json).
    """
    base, variance = _base_and_variance(fighter, rules)
    return max(0, math.floor(base + (draw - 0.5) * 2 * variance + 0.5))


def highest_score(fighter: Fighter, rules: ScoreRules) -> int:
    """The most this fighter can reach here; more than that is our bug, never the player's doing."""
    base, variance = _base_and_variance(fighter, rules)
    return math.floor(base + variance + 0.5)


def _base_and_variance(fighter: Fighter, rules: ScoreRules) -> tuple[float, float]:
    intelligence = _share(fighter.intelligence)
    speed = _share(fighter.speed)
    risk = _share(fighter.risk)
    level = min(max(fighter.level, 1), MAX_LEVEL)
    level_multiplier = 1 + min(0.5, (level - 1) * 0.02)
    weights = rules.weights
    weighted = weights.intelligence * intelligence + weights.speed * speed + weights.risk * risk
    base = 100 * rules.league_multiplier * level_multiplier * weighted
    return base, rules.variance_base * rules.league_multiplier * (0.2 + risk)


def _share(stat: int) -> float:
    return min(max(stat / MAX_STAT, 0.0), 1.0)
