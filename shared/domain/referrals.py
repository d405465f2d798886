"""Referrals: one code per player, one use per player ever, both sides paid inside the caps or nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from shared.domain.budget_plans import emissions_of
from shared.domain.calendar import iso_time
from shared.domain.ledger import Accepted, Decision, Declined, Leg, system_key
from shared.domain.money import INT64_MAX
from shared.domain.transfers import transit_account

if TYPE_CHECKING:
    from shared.domain.game_config import Economy, GameConfig
    from shared.domain.player import Player

REFERRAL_KIND: Final = "referral"
CODE: Final = re.compile(r"[0-9a-f]{10}\Z", re.ASCII)


def decide_referral(
    player: Player,
    code: str,
    referrer: Player | None,
    *,
    config: GameConfig,
    emission_block: str | None,
    now_ms: int,
) -> Decision:
    """The referee's half: both rewards are minted here, the referrer's goes into transit.

    `referrer` is the owner of the code, None when nobody owns it; a name that its owner's own row does
    not confirm counts for nothing. Over the cap nobody is paid and the one use is kept.
    """
    if referrer is None or referrer.state.get("referralCode") != code:
        return _declined("referral_code_unknown", "Nobody has this code")
    if refusal := _refusal(player, referrer):
        return refusal
    if emission_block is not None:
        return _declined(emission_block, "Today's rewards are used up: try again tomorrow with a new key")
    economy = config.economy
    if not _has_room(referrer, economy=economy):
        return _declined("referrer_balance_limit", "The code's owner can hold no more")
    return Accepted(
        REFERRAL_KIND,
        answer={"reward": referee_reward(economy), "referrerReward": referrer_reward(economy)},
        legs=_legs(player, referrer, economy=economy),
        changes={"referral": {"by": referrer.id, "at": now_ms}},
        emissions=emissions_of(
            config,
            aiba=economy.referral_reward_aiba_referee + economy.referral_reward_aiba_referrer,
            neur=economy.referral_reward_neur_referee + economy.referral_reward_neur_referrer,
        ),
        is_open=bool(economy.referral_reward_aiba_referrer or economy.referral_reward_neur_referrer),
    )


def referral_changes(referrer: Player) -> dict[str, Any]:
    """What the second half changes besides money: how many players came by this one's code."""
    return {"referralCount": int(referrer.state.get("referralCount", 0)) + 1}


def referral_answer(player: Player, *, economy: Economy) -> dict[str, Any]:
    """The player's own code, what it pays, and whether another's was used."""
    answer: dict[str, Any] = {
        "code": player.state.get("referralCode", ""),
        "referredPlayers": int(player.state.get("referralCount", 0)),
        "reward": referee_reward(economy),
        "referrerReward": referrer_reward(economy),
        "needsWallet": "wallet" not in player.state,
        "canUse": "referral" not in player.state,
    }
    if "referral" in player.state:
        answer["usedAt"] = iso_time(int(player.state["referral"]["at"]))
    return answer


def referee_reward(economy: Economy) -> dict[str, str]:
    """What using a code pays to whoever uses it."""
    return {
        "AIBA": str(economy.referral_reward_aiba_referee),
        "NEUR": str(economy.referral_reward_neur_referee),
    }


def referrer_reward(economy: Economy) -> dict[str, str]:
    """What a use of a code pays to the player it belongs to."""
    return {
        "AIBA": str(economy.referral_reward_aiba_referrer),
        "NEUR": str(economy.referral_reward_neur_referrer),
    }


def second_half_key(referrer: Player, referee: Player) -> str:
    """The one key under which the referrer is paid for this referee, whoever finishes the transfer."""
    return system_key(referrer.id, f"ref:{referee.id}")


def _refusal(player: Player, referrer: Player) -> Declined | None:
    if referrer.id == player.id:
        return _declined("referral_own_code", "One's own code is for others")
    if "referral" in player.state:
        return _declined("referral_used", "A code can be used once per player")
    if "wallet" not in player.state:
        return _declined("wallet_required", "Link a wallet first")
    if "wallet" not in referrer.state:
        return _declined("referrer_wallet_required", "The code's owner has no wallet linked yet")
    return None


def _has_room(referrer: Player, *, economy: Economy) -> bool:
    """Whether the second half, which cannot be refused, would find room for its amounts."""
    amounts = {
        "AIBA": economy.referral_reward_aiba_referrer,
        "NEUR": economy.referral_reward_neur_referrer,
    }
    return all(referrer.balance(currency) + amount <= INT64_MAX for currency, amount in amounts.items())


def _legs(player: Player, referrer: Player, *, economy: Economy) -> tuple[Leg, ...]:
    """Minted to the referee, and minted into transit for the referrer; zero amounts post nothing."""
    transit = transit_account(second_half_key(referrer, player))
    amounts = (
        (player.id, "AIBA", economy.referral_reward_aiba_referee),
        (player.id, "NEUR", economy.referral_reward_neur_referee),
        (transit, "AIBA", economy.referral_reward_aiba_referrer),
        (transit, "NEUR", economy.referral_reward_neur_referrer),
    )
    return tuple(
        leg
        for account, currency, amount in amounts
        if amount
        for leg in (Leg("sys:emission", currency, -amount), Leg(account, currency, amount))
    )


def _declined(code: str, detail: str) -> Declined:
    return Declined(REFERRAL_KIND, code, detail)
