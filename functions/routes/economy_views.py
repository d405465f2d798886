"""How the economy looks to the miniapp: the player, the statement, the public numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.edge.models import Amount, Time, View
from functions.routes.game_views import Amounts, BrokerView, SignedAmount
from shared.domain.game_config import GameConfig


class NeurAmount(View):
    """Whole NEUR."""

    neur: Annotated[Amount, Field(alias="NEUR")]


class DailyView(View):
    """The daily login: whether today's reward is still there, and when the next one is."""

    is_available: bool
    reward: NeurAmount
    streak: int
    next_at: Time


class DailyReward(View):
    """What a daily login paid."""

    reward: NeurAmount
    streak: int
    balance: Amount
    next_at: Time


class BanView(View):
    """A ban in force; without `until` it is for good."""

    scope: str
    reason: str
    until: Time | None = None


class MeView(View):
    """Everything the first screen needs; times are to be read against `serverTime`."""

    server_time: Time
    alias: str
    balances: Amounts
    escrow: dict[str, Amount]
    brokers: list[BrokerView]
    can_take_starter: bool
    win_streak: int
    daily: DailyView
    is_wallet_linked: bool
    bans: list[BanView]


class PostingView(View):
    """One line of the statement: what moved, and the balances after it."""

    id: str
    at: Time
    kind: str
    amounts: dict[str, SignedAmount]
    escrow: dict[str, SignedAmount]
    balances: Amounts


class LedgerPage(View):
    """One page of the statement."""

    items: list[PostingView]
    next_cursor: str | None


Hour = Annotated[int, Field(ge=0, le=24, description="Hour of the UTC day")]
ByArena = Annotated[dict[str, Amount], Field(description="Arena to its own cap")]


class EconomyView(View):
    """Prices, rewards, caps and limits; windows are [startHour, endHour] by arena:league, arena or *."""

    daily_cap_aiba: Amount
    daily_cap_neur: Amount
    daily_cap_aiba_by_arena: ByArena
    daily_cap_neur_by_arena: ByArena
    base_reward_aiba_per_score: int
    base_reward_neur_per_score: int
    emission_start_hour_utc: Hour
    emission_end_hour_utc: Hour
    emission_windows_utc: dict[str, tuple[Hour, Hour]]
    train_neur_cost: Amount
    repair_neur_cost: Amount
    upgrade_aiba_cost: Amount
    combine_neur_cost: Amount
    daily_reward_neur: Amount
    referral_reward_neur_referrer: Amount
    referral_reward_neur_referee: Amount
    referral_reward_aiba_referrer: Amount
    referral_reward_aiba_referee: Amount
    star_reward_per_battle: Amount
    diamond_reward_first_win: Amount
    battle_max_energy: int
    battle_energy_regen_seconds_per_energy: int
    claim_min_aiba: Amount
    claim_max_aiba: Amount
    claim_max_per_player_per_day: int
    claim_max_aiba_per_player_per_day: Amount
    wallet_cooldown_hours: int


class PausedView(View):
    """What administrators have stopped."""

    battles: bool
    claims: bool
    emission: bool
    logins: bool


class ConfigView(View):
    """The numbers players may know, of one revision."""

    revision: int
    economy: EconomyView
    paused: PausedView


def config_view(config: GameConfig) -> ConfigView:
    """The public part of the configuration, amounts as decimal strings."""
    told = {name: getattr(config.economy, name) for name in EconomyView.model_fields}
    for name, field in EconomyView.model_fields.items():
        if field.annotation is str:
            told[name] = str(told[name])
    for name in ("daily_cap_aiba_by_arena", "daily_cap_neur_by_arena"):
        told[name] = {arena: str(cap) for arena, cap in told[name].items()}
    paused = PausedView.model_validate(
        {name: getattr(config.paused, name) for name in PausedView.model_fields}
    )
    return ConfigView(revision=config.revision, economy=EconomyView.model_validate(told), paused=paused)
