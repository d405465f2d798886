"""How a claim and the vault look to the miniapp."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from functions.edge.models import Amount, Time, View, utc_text
from shared.domain.calendar import MS_PER_SECOND
from shared.domain.claim_message import ATTACHED_NANO, is_sendable, wallet_transaction
from shared.domain.claims import Claim
from shared.domain.ton.address import bounceable, parse_address
from shared.domain.ton_views import VaultAccount
from shared.services.read_claims import ClaimsPage
from shared.services.request_claim import ClaimDesk, ClaimProgress


class MessageView(View):
    """One message of TonConnect's sendTransaction: nanotons and a base64 BoC."""

    address: str
    amount: str
    payload: str


class TransactionView(View):
    """Goes straight into `tonConnectUI.sendTransaction`."""

    valid_until: int
    network: str
    sender: Annotated[str, Field(alias="from")]
    messages: list[MessageView]


class WaitView(View):
    """Why the signature is not there yet, and the rule that says so."""

    code: str
    rule: str


class FailureView(View):
    """Why the vault refused the claim's message last; while there is a `transaction` it may be sent again."""

    reason: str
    transaction_hash: str
    at: Time


class ClaimView(View):
    """A claim now. `state` may be `expired`: signed, too late to send, not yet settled by the chain.

    `transaction` is present while a wallet still has time to send it.
    """

    id: str
    state: str
    amount: Amount
    units: Amount
    seqno: str
    wallet: str
    vault: str
    network: str
    created_at: Time
    signature: str | None = None
    payload_hash: str | None = None
    valid_until: Time | None = None
    settled_at: Time | None = None
    transaction_hash: str | None = None
    why: str | None = None
    pending: WaitView | None = None
    failure: FailureView | None = None
    transaction: TransactionView | None = None


class ClaimPage(View):
    """Claims, newest first; `nextCursor` is absent on the last page."""

    items: list[ClaimView]
    next_cursor: str | None = None

    @classmethod
    def of(cls, page: ClaimsPage, *, now_ms: int) -> Self:
        """The page's claims as they stand now."""
        views = [claim_view(ClaimProgress(claim, is_replay=True), now_ms=now_ms) for claim in page.claims]
        return cls(items=views, next_cursor=page.next_cursor)


class VaultView(View):
    """The paying contract at one pinned block; amounts in jetton units and nanotons."""

    address: str
    network: str
    public_key: str
    jetton_master: str
    units_per_credit: str
    inventory: Amount
    ton: Amount
    is_paused: bool
    claim_cap: Amount
    day_cap: Amount
    day_spent: Amount
    minimum_attached_ton: Amount
    block: int


def claim_view(progress: ClaimProgress, *, now_ms: int) -> ClaimView:
    """What the miniapp sees of a claim at this instant."""
    claim, terms = progress.claim, progress.claim.terms
    now_s = now_ms // MS_PER_SECOND
    sendable = is_sendable(claim, now_s=now_s)
    signer = progress.signer
    return ClaimView(
        id=terms.id,
        state=_shown_state(claim, now_s=now_s),
        amount=str(terms.credits),
        units=str(terms.units),
        seqno=str(terms.seqno),
        wallet=terms.recipient,
        vault=terms.vault,
        network=str(terms.network),
        created_at=utc_text(terms.created_ms),
        signature=claim.signature or None,
        payload_hash=claim.payload_hash or None,
        valid_until=utc_text(claim.valid_until_s * MS_PER_SECOND) if claim.valid_until_s else None,
        settled_at=utc_text(claim.settled_ms) if claim.settled_ms else None,
        transaction_hash=claim.transaction_hash or None,
        why=claim.reason or claim.rule or None,
        pending=WaitView(code=signer.code, rule=signer.rule) if signer and signer.code else None,
        failure=_failure_view(claim),
        transaction=_transaction_view(claim, now_s=now_s) if sendable else None,
    )


def vault_view(account: VaultAccount, *, desk: ClaimDesk) -> VaultView:
    """The vault for the miniapp, its address in the bounceable form wallets want."""
    vault = desk.vault
    address = parse_address(vault.vault, network_id=vault.network)
    return VaultView(
        address=bounceable(address, network_id=vault.network),
        network=str(vault.network),
        public_key=account.public_key,
        jetton_master=vault.jetton_master,
        units_per_credit=str(vault.units_per_credit),
        inventory=str(account.jetton_units),
        ton=str(account.ton_nano),
        is_paused=account.is_paused,
        claim_cap=str(account.claim_cap_units),
        day_cap=str(account.day_cap_units),
        day_spent=str(account.day_spent_units),
        minimum_attached_ton=str(ATTACHED_NANO),
        block=account.block_seqno,
    )


def _shown_state(claim: Claim, *, now_s: int) -> str:
    if claim.state == "signed" and claim.valid_until_s < now_s:
        return "expired"
    return claim.state


def _failure_view(claim: Claim) -> FailureView | None:
    if not claim.failure or claim.state == "confirmed":
        return None
    at = utc_text(claim.failure_ms)
    return FailureView(reason=claim.failure, transaction_hash=claim.failure_transaction, at=at)


def _transaction_view(claim: Claim, *, now_s: int) -> TransactionView:
    transaction = wallet_transaction(claim, now_s=now_s)
    message = MessageView(
        address=transaction.address, amount=str(transaction.amount_nano), payload=transaction.payload
    )
    return TransactionView(
        valid_until=transaction.valid_until_s,
        network=transaction.network,
        sender=transaction.sender,
        messages=[message],
    )
