"""Routes of the player's wallet: a challenge, its proof, and letting go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import IdempotentBody, RequestBody, Time, View, utc_text
from functions.edge.problems import refusals
from shared.domain.ton.ton_proof import read_wallet_proof
from shared.services.link_wallet import WalletDesk, create_challenge, link_wallet, unlink_wallet

Text = Annotated[str, Field(max_length=256)]


class ChallengeView(View):
    """`payload` goes into TonConnect's tonProof request as it is."""

    payload: str
    expires_at: Time


class AccountBody(RequestBody):
    """TonConnect's account, as the wallet reported it."""

    address: Text
    chain: Text
    wallet_state_init: Annotated[str, Field(max_length=12_000)]
    public_key: Text | None = None


class DomainBody(RequestBody):
    """The miniapp's domain, as the wallet signed it."""

    length_bytes: int
    value: Text


class ProofBody(RequestBody):
    """TonConnect's ton_proof item; wallets send `timestamp` as a number or as its decimal string."""

    timestamp: int | Text
    domain: DomainBody
    payload: Text
    signature: Text


class LinkBody(IdempotentBody):
    """Both halves of what TonConnect hands over after the proof."""

    account: AccountBody
    proof: ProofBody


class WalletView(View):
    """The linked wallet; claims are paid to it from `claimsFrom` on."""

    address: str
    network: str
    version: str
    linked_at: Time
    claims_from: Time


class UnlinkedView(View):
    """The wallet that was let go."""

    address: str


def wallet_router(desk: Callable[[], WalletDesk]) -> APIRouter:
    """The wallet's routes over its desk."""
    router = edge_router()

    @router.post("/api/wallet/challenge", status_code=201, operation_id="createWalletChallenge")
    async def create_wallet_challenge(player: CurrentPlayer) -> ChallengeView:
        """A nonce for this player, good for one proof."""
        challenge = await run_blocking(create_challenge, desk(), account=player.id)
        return ChallengeView(payload=challenge.nonce, expires_at=utc_text(challenge.expires_ms))

    @router.post(
        "/api/wallet",
        status_code=201,
        operation_id="linkWallet",
        responses=refusals("wallet_taken", "challenge_unknown", "signature_invalid", "claim_open"),
    )
    async def link(body: LinkBody, player: CurrentPlayer, call: IdempotentCall) -> WalletView:
        """Prove a wallet and link it; the cool-down before the first claim begins now."""
        sent = body.model_dump(by_alias=True, exclude_none=True)
        outcome = await run_blocking(
            link_wallet,
            desk(),
            account=player.id,
            proof=read_wallet_proof(account=sent["account"], proof=sent["proof"]),
            key=call.key,
            fingerprint=call.fingerprint,
        )
        answer = call.answer(outcome)
        answer.pop("released", None)
        return WalletView.model_validate(answer)

    @router.delete(
        "/api/wallet", operation_id="unlinkWallet", responses=refusals("wallet_required", "claim_open")
    )
    async def unlink(player: CurrentPlayer, call: IdempotentCall) -> UnlinkedView:
        """Let the wallet go; another player may then link it."""
        outcome = await run_blocking(
            unlink_wallet, desk(), account=player.id, key=call.key, fingerprint=call.fingerprint
        )
        return UnlinkedView(address=call.answer(outcome)["address"])

    return router
