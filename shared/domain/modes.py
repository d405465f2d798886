"""Battle modes: an arena in a league, as validated data that administrators may change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.checked_fields import CheckedFields
from shared.domain.money import BPS_WHOLE
from shared.domain.score import (
    ARENA_WEIGHTS,
    DEFAULT_VARIANCE_BASE,
    LEAGUE_MULTIPLIERS,
    MAX_LEVEL,
    STATS,
    ScoreRules,
    Weights,
)

ARENAS: Final = tuple(ARENA_WEIGHTS)
LEAGUES: Final = tuple(LEAGUE_MULTIPLIERS)
GUILD_ARENA: Final = "guildWars"
MODE_KEY: Final = re.compile(r"[a-z][A-Za-z0-9-]{1,48}\Z", re.ASCII)

MAX_ENERGY_COST: Final = 1_000
MAX_COOLDOWN_S: Final = 86_400
MAX_ENTRY_FEE: Final = 1_000_000_000
MAX_REWARD_MULTIPLIER: Final = 10
MAX_LEAGUE_MULTIPLIER: Final = 10
MAX_WEIGHT: Final = 1
MAX_VARIANCE_BASE: Final = 1_000


@dataclass(frozen=True, slots=True)
class League:
    """What a league asks of a broker unless the mode says otherwise."""

    energy: int
    cooldown_s: int
    min_level: int


LEAGUE_DEFAULTS: Final[Mapping[str, League]] = {
    "rookie": League(10, 30, 1),
    "pro": League(15, 45, 5),
    "elite": League(20, 60, 10),
}
_GUILD_EXTRA: Final = League(5, 15, 0)


@dataclass(frozen=True, slots=True)
class ModeRules:
    """Overrides of a mode; None keeps the arena's or the league's own. Multipliers are basis points.

    Weights and multipliers are whole basis points because documents and rows hold no floats; dividing
    by 10,000 gives back exactly the double nearest to the four-decimal number an administrator wrote.
    """

    min_broker_level: int | None = None
    weights_bps: tuple[int, int, int] | None = None
    league_multiplier_bps: int | None = None
    variance_base_bps: int | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to battle. Fees are whole units, reward multipliers basis points (0 means no reward)."""

    key: str
    arena: str
    league: str
    energy_cost: int
    cooldown_s: int
    is_enabled: bool = True
    entry_fee_neur: int = 0
    entry_fee_aiba: int = 0
    reward_aiba_bps: int = BPS_WHOLE
    reward_neur_bps: int = BPS_WHOLE
    rules: ModeRules = field(default_factory=ModeRules)

    @property
    def needs_guild(self) -> bool:
        """Guild modes are listed but refused until guilds exist."""
        return self.arena == GUILD_ARENA

    @property
    def min_broker_level(self) -> int:
        own = self.rules.min_broker_level
        return LEAGUE_DEFAULTS[self.league].min_level if own is None else own

    @property
    def score_rules_bps(self) -> tuple[int, int, int, int, int]:
        """Weights of intelligence, speed and risk, league multiplier, variance base: what a proof stores."""
        built_in = ARENA_WEIGHTS[self.arena]
        weights = self.rules.weights_bps or (
            _bps(built_in.intelligence),
            _bps(built_in.speed),
            _bps(built_in.risk),
        )
        league = self.rules.league_multiplier_bps
        variance = self.rules.variance_base_bps
        return (
            *weights,
            _bps(LEAGUE_MULTIPLIERS[self.league]) if league is None else league,
            _bps(DEFAULT_VARIANCE_BASE) if variance is None else variance,
        )

    @property
    def score_rules(self) -> ScoreRules:
        return score_rules_from_bps(self.score_rules_bps)


def score_rules_from_bps(points: tuple[int, int, int, int, int]) -> ScoreRules:
    """The floats of the score formula from stored basis points, exactly as first written."""
    intelligence, speed, risk, league, variance = (point / BPS_WHOLE for point in points)
    return ScoreRules(Weights(intelligence, speed, risk), league, variance)


def default_mode(arena: str, league: str) -> Mode:
    """The running game's mode of this arena and league."""
    base = LEAGUE_DEFAULTS[league]
    is_guild = arena == GUILD_ARENA
    return Mode(
        key=arena if league == "rookie" else f"{arena}-{league}",
        arena=arena,
        league=league,
        energy_cost=base.energy + (_GUILD_EXTRA.energy if is_guild else 0),
        cooldown_s=base.cooldown_s + (_GUILD_EXTRA.cooldown_s if is_guild else 0),
    )


def default_modes() -> dict[str, Mode]:
    """All 15 modes by key, arenas in the game's order, rookie before pro before elite."""
    modes = [default_mode(arena, league) for arena in ARENAS for league in LEAGUES]
    return {mode.key: mode for mode in modes}


def mode_from_document(document: Mapping[str, Any]) -> Mode:
    """Read a mode as administrators write it and the store keeps it; absent fields take the defaults.

    Raises Refused `invalid_mode` with every wrong or unknown field in `errors`.
    """
    fields = CheckedFields(document)
    key = fields.text("key", pattern=MODE_KEY)
    arena, league = fields.choice("arena", ARENAS), fields.choice("league", LEAGUES)
    usual = default_mode(arena, league)
    mode = Mode(
        key=key,
        arena=arena,
        league=league,
        energy_cost=fields.integer("energyCost", low=0, high=MAX_ENERGY_COST, default=usual.energy_cost),
        cooldown_s=fields.integer("cooldownSeconds", low=0, high=MAX_COOLDOWN_S, default=usual.cooldown_s),
        is_enabled=fields.flag("isEnabled", default=True),
        entry_fee_neur=fields.integer("entryFeeNeur", low=0, high=MAX_ENTRY_FEE, default=0),
        entry_fee_aiba=fields.integer("entryFeeAiba", low=0, high=MAX_ENTRY_FEE, default=0),
        reward_aiba_bps=fields.basis_points(
            "rewardMultiplierAiba", high=MAX_REWARD_MULTIPLIER, default=BPS_WHOLE
        ),
        reward_neur_bps=fields.basis_points(
            "rewardMultiplierNeur", high=MAX_REWARD_MULTIPLIER, default=BPS_WHOLE
        ),
        rules=_read_rules(fields.section("rules")),
    )
    fields.finish(code="invalid_mode")
    return mode


def mode_document(mode: Mode) -> dict[str, Any]:
    """The mode as `mode_from_document` reads it; only overrides that are set appear in `rules`."""
    return {
        "key": mode.key,
        "arena": mode.arena,
        "league": mode.league,
        "isEnabled": mode.is_enabled,
        "energyCost": mode.energy_cost,
        "cooldownSeconds": mode.cooldown_s,
        "entryFeeNeur": mode.entry_fee_neur,
        "entryFeeAiba": mode.entry_fee_aiba,
        "rewardMultiplierAiba": mode.reward_aiba_bps / BPS_WHOLE,
        "rewardMultiplierNeur": mode.reward_neur_bps / BPS_WHOLE,
        "rules": _rules_document(mode.rules),
    }


def _read_rules(fields: CheckedFields) -> ModeRules:
    weights: tuple[int, int, int] | None = None
    if fields.has("arenaWeights"):
        given = fields.section("arenaWeights")
        intelligence, speed, risk = (given.basis_points(stat, high=MAX_WEIGHT) for stat in STATS)
        weights = (intelligence, speed, risk)
        given.refuse_unknown()
    rules = ModeRules(
        min_broker_level=(
            fields.integer("minBrokerLevel", low=1, high=MAX_LEVEL) if fields.has("minBrokerLevel") else None
        ),
        weights_bps=weights,
        league_multiplier_bps=(
            fields.basis_points("leagueMultiplier", high=MAX_LEAGUE_MULTIPLIER)
            if fields.has("leagueMultiplier")
            else None
        ),
        variance_base_bps=(
            fields.basis_points("varianceBase", high=MAX_VARIANCE_BASE)
            if fields.has("varianceBase")
            else None
        ),
    )
    fields.refuse_unknown()
    return rules


def _rules_document(rules: ModeRules) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if rules.min_broker_level is not None:
        document["minBrokerLevel"] = rules.min_broker_level
    if rules.weights_bps is not None:
        document["arenaWeights"] = {
            stat: points / BPS_WHOLE for stat, points in zip(STATS, rules.weights_bps, strict=True)
        }
    if rules.league_multiplier_bps is not None:
        document["leagueMultiplier"] = rules.league_multiplier_bps / BPS_WHOLE
    if rules.variance_base_bps is not None:
        document["varianceBase"] = rules.variance_base_bps / BPS_WHOLE
    return document


def _bps(number: float) -> int:
    return round(number * BPS_WHOLE)
