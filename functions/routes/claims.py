"""Routes of claims: ask for tokens, see what became of a claim, and the vault that pays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.exchange import exchange_of
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import Amount, IdempotentBody, RequestBody
from functions.edge.problems import refusals
from functions.routes.claim_views import ClaimPage, ClaimView, VaultView, claim_view, vault_view
from functions.routes.paging import ClaimLimit, Cursor
from shared.bootstrap.claim import ClaimParts
from shared.domain.money import parse_amount
from shared.services.read_claims import claims_page, report_sent, vault_account
from shared.services.request_claim import ClaimProgress, look_at_claim, request_claim

Parts = Callable[[], ClaimParts]


class ClaimBody(IdempotentBody):
    """`amount`: whole AIBA credits."""

    amount: Amount


class SentBody(RequestBody):
    """What the wallet sent, as base64 BoC: a hint for people who look into a claim, never a proof."""

    boc: Annotated[str, Field(min_length=1, max_length=8192, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


def note_claim(request: Request, progress: ClaimProgress) -> None:
    """For the request's log line and metrics: which claim, and how a new one was left."""
    exchange = exchange_of(request.scope)
    exchange.claim_id = progress.claim.terms.id
    if not progress.is_replay:
        exchange.new_claim_state = progress.claim.state


def claims_router(parts: Parts) -> APIRouter:
    """The claim function's routes over its dependencies."""
    router = edge_router()

    @router.post(
        "/api/claims",
        status_code=201,
        operation_id="createClaim",
        response_model_exclude_none=True,
        responses=refusals(
            "claims_not_configured",
            "claims_paused",
            "banned",
            "wallet_required",
            "wallet_cooldown",
            "claim_open",
            "insufficient_funds",
            "claim_below_minimum",
            "idempotency_key_reused",
            "idempotency_key_required",
        ),
    )
    async def create_claim(
        request: Request, body: ClaimBody, player: CurrentPlayer, call: IdempotentCall
    ) -> ClaimView:
        """Move credits into escrow and get the signature; the same key answers the claim's current view."""
        progress = await run_blocking(
            request_claim,
            parts().desk,
            account=player.id,
            credits=parse_amount(body.amount),
            key=call.key,
            fingerprint=call.fingerprint,
        )
        note_claim(request, progress)
        if progress.is_replay:
            call.mark_replayed()
        return claim_view(progress, now_ms=parts().clock.now_ms())

    @router.get(
        "/api/claims",
        operation_id="listClaims",
        response_model_exclude_none=True,
        responses=refusals("claims_not_configured", "invalid_cursor"),
    )
    async def list_claims(player: CurrentPlayer, limit: ClaimLimit = 20, cursor: Cursor = None) -> ClaimPage:
        """The player's claims, newest first."""
        page = await run_blocking(claims_page, parts().desk, account=player.id, limit=limit, cursor=cursor)
        return ClaimPage.of(page, now_ms=parts().clock.now_ms())

    @router.get(
        "/api/claims/{claim_id}",
        operation_id="getClaim",
        response_model_exclude_none=True,
        responses=refusals("claims_not_configured", "claim_unknown"),
    )
    async def get_claim(request: Request, claim_id: str, player: CurrentPlayer) -> ClaimView:
        """One claim. One approved meanwhile is signed now; a reserved one waits for its request to be repeated."""
        progress = await run_blocking(look_at_claim, parts().desk, account=player.id, claim_id=claim_id)
        note_claim(request, progress)
        return claim_view(progress, now_ms=parts().clock.now_ms())

    @router.post(
        "/api/claims/{claim_id}/sent",
        operation_id="reportClaimSent",
        response_model_exclude_none=True,
        responses=refusals("claims_not_configured", "claim_unknown"),
    )
    async def report_claim_sent(claim_id: str, body: SentBody, player: CurrentPlayer) -> ClaimView:
        """Note which message the wallet sent; only the chain decides what became of it."""
        progress = await run_blocking(
            report_sent, parts().desk, account=player.id, claim_id=claim_id, boc=body.boc
        )
        return claim_view(progress, now_ms=parts().clock.now_ms())

    @router.get("/api/vault", operation_id="getVault", responses=refusals("claims_not_configured"))
    async def get_vault() -> VaultView:
        """The vault as the chain showed it at most 5 s ago: address, key, inventory, whether it pays."""
        account = await run_blocking(vault_account, parts().desk)
        return vault_view(account, desk=parts().desk)

    return router
