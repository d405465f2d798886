"""Routes of claims that wait for a person."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.problems import refusals
from functions.routes.admin_access import DecidesClaims, ReadsClaims, request_key
from functions.routes.admin_forms import Id
from functions.routes.admin_player_views import AdminClaimList, AdminClaimView, ReasonBody
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.claims import ClaimState
from shared.services.decide_claims import approve_claim, list_claims, reject_claim

Parts = Callable[[], AdminParts]
CLAIM_REFUSALS = ("forbidden", "claim_unknown", "claim_decided", "intent_expired")


def admin_claims_router(parts: Parts) -> APIRouter:
    """The claims' routes over the admin function's dependencies."""
    router = edge_router()

    @router.get("/api/admin/claims", operation_id="adminListClaims", responses=refusals("forbidden"))
    async def list_all(
        _caller: ReadsClaims,
        state: ClaimState = "awaiting_approval",
    ) -> AdminClaimList:
        """Claims in one state, the oldest first, at most 200; by default those that wait for a person."""
        found = await run_blocking(list_claims, parts().claims, state=state)
        return AdminClaimList.model_validate({"items": found})

    @router.post(
        "/api/admin/claims/{claim_id}/approve",
        operation_id="adminApproveClaim",
        responses=refusals(*CLAIM_REFUSALS),
    )
    async def approve(claim_id: Id, caller: DecidesClaims, call: IdempotentCall) -> AdminClaimView:
        """Allow the signer to sign exactly this claim within a day."""
        outcome = await run_blocking(
            approve_claim, parts().claims, caller.actor, request_key(call), claim_id=claim_id
        )
        return AdminClaimView.model_validate(call.answer(outcome))

    @router.post(
        "/api/admin/claims/{claim_id}/reject",
        operation_id="adminRejectClaim",
        responses=refusals(*CLAIM_REFUSALS),
    )
    async def reject(
        claim_id: Id, body: ReasonBody, caller: DecidesClaims, call: IdempotentCall
    ) -> AdminClaimView:
        """Refuse it; the credits return within minutes and the player sees the reason."""
        outcome = await run_blocking(
            reject_claim,
            parts().claims,
            caller.actor,
            request_key(call),
            claim_id=claim_id,
            reason=body.reason,
        )
        return AdminClaimView.model_validate(call.answer(outcome))

    return router
