"""The modes as players see them: what each costs, asks for and pays, and whether it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.domain.battle import mode_refusal
from shared.domain.money import BPS_WHOLE

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.domain.modes import Mode


def read_modes(config: GameConfig) -> list[dict[str, Any]]:
    """All modes in the configuration's order, also those that are refused, with the reason."""
    return [_answer(mode) for mode in config.modes.values()]


def _answer(mode: Mode) -> dict[str, Any]:
    intelligence, speed, risk, league, variance = mode.score_rules_bps
    answer: dict[str, Any] = {
        "key": mode.key,
        "arena": mode.arena,
        "league": mode.league,
        "energyCost": mode.energy_cost,
        "cooldownSeconds": mode.cooldown_s,
        "minBrokerLevel": mode.min_broker_level,
        "needsGuild": mode.needs_guild,
        "entryFee": {"NEUR": str(mode.entry_fee_neur), "AIBA": str(mode.entry_fee_aiba)},
        "rewardMultiplierAiba": mode.reward_aiba_bps / BPS_WHOLE,
        "rewardMultiplierNeur": mode.reward_neur_bps / BPS_WHOLE,
        "scoring": {
            "weightsBps": {"intelligence": intelligence, "speed": speed, "risk": risk},
            "leagueMultiplierBps": league,
            "varianceBaseBps": variance,
        },
        "isOpen": True,
    }
    if refusal := mode_refusal(mode):
        answer["isOpen"] = False
        answer["closedBecause"] = refusal.code
    return answer
