"""Routes of corrections: move, propose, confirm, reject, settle a debt."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.problems import refusals
from functions.routes.admin_access import (
    AdjustsPlayers,
    ConfirmsAdjustments,
    ReadsPlayers,
    request_key,
)
from functions.routes.admin_forms import Account, Id
from functions.routes.admin_player_views import (
    AdjustBody,
    AdjustmentResult,
    AdjustmentView,
    DecisionView,
    ProposalList,
    SettleDebtBody,
)
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.adjustments import Adjustment
from shared.domain.money import parse_amount
from shared.services.adjust_balances import (
    adjust_balance,
    decide_proposal,
    pending_proposals,
    settle_debt,
)

Parts = Callable[[], AdminParts]
DECISION_REFUSALS = (
    "forbidden",
    "proposal_unknown",
    "proposal_decided",
    "proposal_expired",
    "second_admin_required",
    "adjustment_above_limit",
    "intent_expired",
)


def admin_adjustments_router(parts: Parts) -> APIRouter:
    """The routes of corrections over the admin function's dependencies."""
    router = edge_router()
    _add_adjustments(router, parts)
    _add_decisions(router, parts)
    return router


def _add_adjustments(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/admin/players/{account}/adjust",
        operation_id="adminAdjustBalance",
        response_model_exclude_none=True,
        responses=refusals(
            "forbidden",
            "player_unknown",
            "adjustment_above_limit",
            "admin_cap_reached",
            "emission_paused",
            "balance_limit",
            "intent_expired",
        ),
    )
    async def adjust(
        account: Account, body: AdjustBody, caller: AdjustsPlayers, call: IdempotentCall
    ) -> AdjustmentView:
        """Correct a balance; a debit takes what is there and records the rest as debt."""
        adjustment = Adjustment(
            account, body.direction, body.currency, parse_amount(body.amount), body.reason
        )
        outcome = await run_blocking(
            adjust_balance, parts().adjustments, caller.actor, request_key(call), adjustment
        )
        return AdjustmentView.of(call.answer(outcome))

    @router.post(
        "/api/admin/players/{account}/debt/settle",
        operation_id="adminSettleDebt",
        response_model_exclude_none=True,
        responses=refusals("forbidden", "player_unknown", "no_debt", "insufficient_funds", "intent_expired"),
    )
    async def settle(
        account: Account, body: SettleDebtBody, caller: AdjustsPlayers, call: IdempotentCall
    ) -> AdjustmentResult:
        """Pay a debt from the balance, as far as it reaches."""
        outcome = await run_blocking(
            settle_debt,
            parts().adjustments,
            caller.actor,
            request_key(call),
            account=account,
            currency=body.currency,
            reason=body.reason,
        )
        return AdjustmentResult.model_validate(call.answer(outcome))

    @router.get("/api/admin/adjustments", operation_id="adminListProposals", responses=refusals("forbidden"))
    async def list_proposals(_caller: ReadsPlayers) -> ProposalList:
        """What waits for a second administrator."""
        waiting = await run_blocking(pending_proposals, parts().adjustments)
        return ProposalList.model_validate({"items": waiting})


def _add_decisions(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/admin/adjustments/{proposal_id}/confirm",
        operation_id="adminConfirmProposal",
        response_model_exclude_none=True,
        responses=refusals(*DECISION_REFUSALS, "admin_cap_reached", "emission_paused", "balance_limit"),
    )
    async def confirm(proposal_id: Id, caller: ConfirmsAdjustments, call: IdempotentCall) -> DecisionView:
        """A second administrator agrees, and it moves."""
        outcome = await run_blocking(
            decide_proposal,
            parts().adjustments,
            caller.actor,
            request_key(call),
            proposal_id=proposal_id,
            is_confirmed=True,
        )
        return DecisionView.of(call.answer(outcome))

    @router.post(
        "/api/admin/adjustments/{proposal_id}/reject",
        operation_id="adminRejectProposal",
        response_model_exclude_none=True,
        responses=refusals(*DECISION_REFUSALS),
    )
    async def reject(proposal_id: Id, caller: ConfirmsAdjustments, call: IdempotentCall) -> DecisionView:
        """It is not done after all; whoever proposed it may also take it back."""
        outcome = await run_blocking(
            decide_proposal,
            parts().adjustments,
            caller.actor,
            request_key(call),
            proposal_id=proposal_id,
            is_confirmed=False,
        )
        return DecisionView.of(call.answer(outcome))
