"""The game's configuration as rows read it: economy numbers, modes, limits and pause switches, one revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.modes import Mode, default_modes


@dataclass(frozen=True, slots=True)
class Economy:
    """Numbers of the economy; whole units, whole seconds, hours UTC. Defaults are the running game's."""

    daily_cap_aiba: int = 1_000_000
    daily_cap_neur: int = 10_000_000
    daily_cap_aiba_by_arena: Mapping[str, int] = field(default_factory=dict)
    daily_cap_neur_by_arena: Mapping[str, int] = field(default_factory=dict)
    base_reward_aiba_per_score: int = 2
    base_reward_neur_per_score: int = 0
    emission_start_hour_utc: int = 0
    emission_end_hour_utc: int = 24
    emission_windows_utc: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    train_neur_cost: int = 25
    repair_neur_cost: int = 15
    upgrade_aiba_cost: int = 50
    combine_neur_cost: int = 50
    daily_reward_neur: int = 50
    referral_reward_neur_referrer: int = 250
    referral_reward_neur_referee: int = 150
    referral_reward_aiba_referrer: int = 10
    referral_reward_aiba_referee: int = 5
    star_reward_per_battle: int = 1
    diamond_reward_first_win: int = 1
    battle_max_energy: int = 100
    battle_energy_regen_seconds_per_energy: int = 60
    claim_min_aiba: int = 10
    claim_max_aiba: int = 10_000
    claim_max_per_player_per_day: int = 3
    claim_max_aiba_per_player_per_day: int = 20_000
    claim_max_aiba_per_hour: int = 100_000
    claim_max_aiba_per_day: int = 500_000
    claim_approval_above_aiba: int = 5_000
    admin_daily_aiba: int = 50_000
    wallet_cooldown_hours: int = 24
    budget_shards: int = 1


@dataclass(frozen=True, slots=True)
class Paused:
    """Kill switches; True stops the thing on every instance within the configuration's age of 3 s."""

    battles: bool = False
    claims: bool = False
    emission: bool = False
    logins: bool = False


@dataclass(frozen=True, slots=True)
class GameConfig:
    """One revision of `config/current`. `modes` maps a mode's key to its validated data.

    `limits` overrides rate limits by policy name, requests per that policy's window.
    """

    revision: int = 1
    economy: Economy = field(default_factory=Economy)
    modes: Mapping[str, Mode] = field(default_factory=default_modes)
    limits: Mapping[str, int] = field(default_factory=dict)
    paused: Paused = field(default_factory=Paused)


def default_config() -> GameConfig:
    """The running game's numbers, all 15 modes, nothing paused: what a new installation starts with."""
    return GameConfig()
