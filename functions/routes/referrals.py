"""Routes of referrals: the player's own code, and using another's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import Amount, IdempotentBody, Time, View
from functions.edge.problems import refusals
from shared.bootstrap.economy import EconomyParts
from shared.services.use_referral import read_referral, use_referral

Parts = Callable[[], EconomyParts]


class ReferralBody(IdempotentBody):
    """Another player's code."""

    code: Annotated[str, Field(pattern=r"^[0-9a-f]{10}$")]


class ReferralReward(View):
    """What one side of a referral is paid."""

    neur: Annotated[Amount, Field(alias="NEUR")]
    aiba: Annotated[Amount, Field(alias="AIBA")]


class ReferralView(View):
    """The player's own code, what a use pays to either side, and whether this player may still use one."""

    code: str
    referred_players: int
    reward: ReferralReward
    referrer_reward: ReferralReward
    needs_wallet: bool
    can_use: bool
    used_at: Time | None = None


class ReferralUse(View):
    """What using the code paid, and what its owner got."""

    reward: ReferralReward
    referrer_reward: ReferralReward


def referrals_router(parts: Parts) -> APIRouter:
    """The referral routes over the economy function's dependencies."""
    router = edge_router()

    @router.get("/api/referrals/me", operation_id="getReferral", response_model_exclude_none=True)
    async def get_referral(player: CurrentPlayer) -> ReferralView:
        """The player's own code and how many came by it."""
        answer = await run_blocking(read_referral, player.id, committer=parts().committer)
        return ReferralView.model_validate(answer)

    @router.post(
        "/api/referrals/use",
        operation_id="useReferral",
        responses=refusals(
            "banned",
            "referral_code_unknown",
            "referral_own_code",
            "referral_used",
            "wallet_required",
            "referrer_wallet_required",
            "referrer_balance_limit",
            "cap_reached",
            "idempotency_key_reused",
        ),
    )
    async def use(body: ReferralBody, player: CurrentPlayer, call: IdempotentCall) -> ReferralUse:
        """Both sides are paid inside the day's caps, or nobody is and the use is kept."""
        economy = parts()
        outcome = await run_blocking(
            use_referral,
            player.id,
            body.code,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=economy.committer,
            codes=economy.codes,
        )
        return ReferralUse.model_validate(call.answer(outcome))

    return router
