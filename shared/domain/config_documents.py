"""The configuration as a document: names on the wire and in the store, bounds of every number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from shared.domain.checked_fields import CheckedFields
from shared.domain.game_config import Economy, GameConfig, Paused
from shared.domain.modes import ARENAS, LEAGUES, Mode, mode_document, mode_from_document

MAX_UNITS: Final = 1_000_000_000_000
"""Above any sum the game can mean; far below int64, so that sums and products of bounded numbers fit."""

_WINDOW_HOURS: Final = (0, 24)
_LIMIT_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,48}\Z", re.ASCII)
_UNITS: Final = (0, MAX_UNITS)
_COST: Final = (0, 1_000_000_000)

ECONOMY_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "daily_cap_aiba": _UNITS,
    "daily_cap_neur": _UNITS,
    "base_reward_aiba_per_score": (0, 1_000),
    "base_reward_neur_per_score": (0, 1_000),
    "emission_start_hour_utc": _WINDOW_HOURS,
    "emission_end_hour_utc": _WINDOW_HOURS,
    "train_neur_cost": _COST,
    "repair_neur_cost": _COST,
    "upgrade_aiba_cost": _COST,
    "combine_neur_cost": _COST,
    "daily_reward_neur": (0, 1_000_000),
    "referral_reward_neur_referrer": (0, 1_000_000),
    "referral_reward_neur_referee": (0, 1_000_000),
    "referral_reward_aiba_referrer": (0, 1_000_000),
    "referral_reward_aiba_referee": (0, 1_000_000),
    "star_reward_per_battle": (0, 1_000),
    "diamond_reward_first_win": (0, 1_000),
    "battle_max_energy": (1, 1_000),
    "battle_energy_regen_seconds_per_energy": (1, 86_400),
    "claim_min_aiba": (1, MAX_UNITS),
    "claim_max_aiba": (1, MAX_UNITS),
    "claim_max_per_player_per_day": (0, 1_000),
    "claim_max_aiba_per_player_per_day": _UNITS,
    "claim_max_aiba_per_hour": _UNITS,
    "claim_max_aiba_per_day": _UNITS,
    "claim_approval_above_aiba": _UNITS,
    "admin_daily_aiba": _UNITS,
    "wallet_cooldown_hours": (0, 720),
    "budget_shards": (1, 256),
}
"""Lowest and highest value of every whole number of the economy."""


def wire_name(name: str) -> str:
    """`daily_cap_aiba` as `dailyCapAiba`: the one spelling documents and the API use."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def economy_document(economy: Economy) -> dict[str, Any]:
    """Every field under its wire name; windows as [startHour, endHour]."""
    document: dict[str, Any] = {}
    for each in fields(economy):
        value = getattr(economy, each.name)
        document[wire_name(each.name)] = _plain_map(value) if isinstance(value, Mapping) else value
    return document


def economy_from_document(document: Mapping[str, Any]) -> Economy:
    """Read a whole economy; absent fields take the running game's defaults.

    Raises Refused `invalid_economy` listing every unknown field and every value out of bounds.
    """
    given = CheckedFields(document)
    usual = Economy()
    numbers = {
        name: given.integer(wire_name(name), low=low, high=high, default=getattr(usual, name))
        for name, (low, high) in ECONOMY_BOUNDS.items()
    }
    caps = {
        name: _read_arena_caps(given.section(wire_name(name)))
        for name in ("daily_cap_aiba_by_arena", "daily_cap_neur_by_arena")
    }
    windows = _read_windows(given.section("emissionWindowsUtc"))
    if numbers["claim_min_aiba"] > numbers["claim_max_aiba"]:
        given.errors.append({"field": "claimMinAiba", "problem": "must not be above claimMaxAiba"})
    given.finish(code="invalid_economy")
    return Economy(
        **numbers,
        daily_cap_aiba_by_arena=caps["daily_cap_aiba_by_arena"],
        daily_cap_neur_by_arena=caps["daily_cap_neur_by_arena"],
        emission_windows_utc=windows,
    )


def config_document(config: GameConfig) -> dict[str, Any]:
    """The whole configuration as the store keeps it: revision as `rev`, modes by key."""
    return {
        "rev": config.revision,
        "economy": economy_document(config.economy),
        "modes": {key: mode_document(mode) for key, mode in config.modes.items()},
        "limits": dict(config.limits),
        "paused": {each.name: getattr(config.paused, each.name) for each in fields(Paused)},
    }


def config_from_document(document: Mapping[str, Any]) -> GameConfig:
    """Read a stored configuration; Refused `invalid_economy`, `invalid_mode` or `invalid_config`.

    The store is not trusted more than an administrator: one bad number would misprice every row.
    """
    given = CheckedFields({name: value for name, value in document.items() if name != "_id"})
    revision = given.integer("rev", low=0, high=2**53)
    economy = economy_from_document(given.section("economy").document)
    modes = _read_modes(given.section("modes"))
    limits = _read_limits(given.section("limits"))
    switches = given.section("paused")
    paused = Paused(**{each.name: switches.flag(each.name, default=False) for each in fields(Paused)})
    switches.refuse_unknown()
    given.finish(code="invalid_config")
    return GameConfig(revision=revision, economy=economy, modes=modes, limits=limits, paused=paused)


def window_scopes() -> frozenset[str]:
    """Where an emission window may be set: an arena in a league, an arena, or `*` for all."""
    return frozenset({"*", *ARENAS, *(f"{arena}:{league}" for arena in ARENAS for league in LEAGUES)})


def _read_modes(given: CheckedFields) -> dict[str, Mode]:
    modes: dict[str, Mode] = {}
    for key in given.document:
        mode = mode_from_document(given.section(key).document)
        if mode.key != key:
            given.errors.append({"field": f"modes.{key}.key", "problem": "must be the key it is kept under"})
        modes[key] = mode
    return modes


def _read_limits(given: CheckedFields) -> dict[str, int]:
    names = [name for name in given.document if _LIMIT_NAME.match(str(name))]
    limits = {name: given.integer(name, low=1, high=1_000_000_000) for name in names}
    given.refuse_unknown()
    return limits


def _read_arena_caps(given: CheckedFields) -> dict[str, int]:
    low, high = _UNITS
    caps = {arena: given.integer(arena, low=low, high=high) for arena in ARENAS if given.has(arena)}
    given.refuse_unknown()
    return caps


def _read_windows(given: CheckedFields) -> dict[str, tuple[int, int]]:
    windows: dict[str, tuple[int, int]] = {}
    for scope in sorted(window_scopes()):
        if given.has(scope):
            windows[scope] = given.hours(scope)
    given.refuse_unknown()
    return windows


def _plain_map(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(entry) if isinstance(entry, tuple) else entry for name, entry in value.items()}
