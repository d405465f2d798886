"""Claims that wait for a person: the queue, a yes bound to exactly this claim, and a no that gives it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.admin_records import Change, Intent, Order
from shared.domain.calendar import iso_time
from shared.domain.errors import Refused, Unavailable
from shared.domain.signing_policy import Approval
from shared.services.admin_audit import Actor, Audited, AuditTrail, RequestKey, Trace, carry_out

if TYPE_CHECKING:
    from shared.domain.claims import Claim, ClaimState
    from shared.ports.admin import ClaimQueue
    from shared.ports.claims import ApprovalStore, ClaimStore

QUEUE_LENGTH: Final = 200
APPROVED: Final = "claimApproved"
REJECTED: Final = "claimRejected"
WAITING_STATES: Final[tuple[ClaimState, ...]] = ("reserved", "awaiting_approval", "approved")
"""States in which no signature was asked for with success: a person may still decide."""

FOLLOWED_STATES: Final[tuple[ClaimState, ...]] = ("signed", "confirmed")
"""States that an approval alone leads to; a refund may follow a rejection as well."""


@dataclass(frozen=True, slots=True)
class ClaimsDesk:
    """What deciding about claims needs; the signer alone signs, and it reads the approval itself."""

    claims: ClaimStore
    queue: ClaimQueue
    approvals: ApprovalStore
    trail: AuditTrail


def list_claims(desk: ClaimsDesk, *, state: ClaimState) -> list[dict[str, Any]]:
    """Claims in this state, the oldest first, at most 200."""
    found = desk.queue.in_state(state, limit=QUEUE_LENGTH)
    return [claim_answer(claim) for claim in sorted(found, key=lambda claim: claim.terms.created_ms)]


def approve_claim(desk: ClaimsDesk, actor: Actor, request: RequestKey, *, claim_id: str) -> Audited:
    """A yes to the claim's own wallet, amount and seqno, for 24 hours; its player's next look gets it signed.

    Refused `claim_unknown`, `claim_decided`.
    """
    order = Order("claims.approve", f"claim:{claim_id}", {}, f"{APPROVED}:{claim_id}")
    has_approved = approved_trace(desk.approvals, desk.claims)

    def act(intent: Intent) -> Change:
        claim = desk.claims.read(claim_id)
        if claim is not None and claim.state in FOLLOWED_STATES and has_approved(claim_id, intent):
            return Change(claim_answer(claim))  # approved by this request, and signed before it could say so
        claim = _waiting(desk, claim_id)
        approval = Approval(claim.terms.binding(), actor.admin.id, intent.at_ms)
        desk.approvals.write(claim_id, approval)
        return _moved(desk.claims, claim, state="approved", reason=claim.reason)

    return carry_out(desk.trail, actor, order, request, act)


def reject_claim(
    desk: ClaimsDesk, actor: Actor, request: RequestKey, *, claim_id: str, reason: str
) -> Audited:
    """A no: settle voids the signer's journal and gives the credits back; the player may claim again.

    Refused `claim_unknown`, `claim_decided`: a claim that was signed is the chain's to decide.
    """
    order = Order("claims.reject", f"claim:{claim_id}", {"reason": reason}, f"{REJECTED}:{claim_id}")

    has_rejected = rejected_trace(desk.claims)

    def act(intent: Intent) -> Change:
        claim = desk.claims.read(claim_id)
        if claim is not None and has_rejected(claim_id, intent):
            return Change(claim_answer(claim))  # this request's own doing, or an equal one's
        return _moved(desk.claims, _waiting(desk, claim_id), state="rejected", reason=reason)

    return carry_out(desk.trail, actor, order, request, act)


def claim_answer(claim: Claim) -> dict[str, Any]:
    """A claim as administrators read it."""
    terms = claim.terms
    return {
        "id": terms.id,
        "account": terms.account,
        "state": claim.state,
        "amount": str(terms.credits),
        "units": str(terms.units),
        "wallet": terms.recipient,
        "network": str(terms.network),
        "seqno": str(terms.seqno),
        "createdAt": iso_time(terms.created_ms),
        "rule": claim.rule,
        "reason": claim.reason,
        "transactionHash": claim.transaction_hash,
    }


def approved_trace(approvals: ApprovalStore, claims: ClaimStore) -> Trace:
    """Whether the approval that stands is the intent's; a claim that still waits is approved then.

    Its player's look asks the signer for an approved claim alone.
    """

    def has_happened(claim_id: str, intent: Intent) -> bool:
        approval = approvals.read(claim_id)
        if approval is None or (approval.approved_by, approval.approved_ms) != (
            intent.admin_id,
            intent.at_ms,
        ):
            return False
        claim = claims.read(claim_id)
        if claim is not None and claim.state in ("reserved", "awaiting_approval"):
            _moved(claims, claim, state="approved", reason=claim.reason)
        return True

    return has_happened


def rejected_trace(claims: ClaimStore) -> Trace:
    """Whether the claim was rejected for the intent's reason; a refund keeps it."""

    def has_happened(claim_id: str, intent: Intent) -> bool:
        claim = claims.read(claim_id)
        is_rejected = claim is not None and claim.state in ("rejected", "refunded")
        return is_rejected and claim is not None and claim.reason == intent.order.parameters["reason"]

    return has_happened


def _waiting(desk: ClaimsDesk, claim_id: str) -> Claim:
    claim = desk.claims.read(claim_id)
    if claim is None:
        raise Refused("There is no such claim", code="claim_unknown")
    if claim.state not in WAITING_STATES:
        raise Refused("This claim is past deciding", code="claim_decided", extra={"state": claim.state})
    return claim


def _moved(claims: ClaimStore, claim: Claim, *, state: ClaimState, reason: str) -> Change:
    moved = replace(claim, state=state, reason=reason, revision=claim.revision + 1)
    if not claims.replace(moved, expected_revision=claim.revision):
        raise Unavailable("The claim changed just now", code="claim_busy")
    return Change(claim_answer(moved), before={"state": claim.state}, after={"state": state})
