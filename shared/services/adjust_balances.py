"""An administrator corrects a balance; above a threshold a second one has to confirm before anything moves."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.adjustments import (
    PROPOSAL_VALID_MS,
    Adjustment,
    Proposal,
    check_may_decide,
    check_role_limit,
    decide_adjustment,
    decide_debt_settlement,
    needs_second,
)
from shared.domain.admin_records import Change, Intent, Order
from shared.domain.calendar import iso_time
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import Decision, admin_key
from shared.services.admin_audit import Actor, Audited, RequestKey, Trace, carry_out
from shared.services.moderate_player import PlayerDesk, PlayerOrder, write_on_player

if TYPE_CHECKING:
    from shared.domain.money import Currency
    from shared.ports.admin import ProposalStore
    from shared.services.commit import Committer, Decide, DecisionContext, Outcome

PROPOSED: Final = "proposed"
DECIDED: Final = "decided"
QUEUE_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class AdjustmentDesk:
    """What correcting balances needs."""

    players: PlayerDesk
    proposals: ProposalStore


def adjust_balance(
    desk: AdjustmentDesk, actor: Actor, request: RequestKey, adjustment: Adjustment
) -> Audited:
    """Move it at once, or propose it to a second administrator; `state` of the answer says which.

    Refused `adjustment_above_limit` before anything is written; recorded: `player_unknown`,
    `admin_cap_reached`, `emission_paused`, `balance_limit`.
    """
    check_role_limit(actor.admin.role, adjustment)
    if needs_second(adjustment):
        return _propose(desk, actor, request, adjustment)
    order = PlayerOrder("players.adjust", adjustment.account, asdict(adjustment))
    return write_on_player(desk.players, actor, order, request, _decider(adjustment, by=actor.admin.id))


def settle_debt(
    desk: AdjustmentDesk,
    actor: Actor,
    request: RequestKey,
    *,
    account: str,
    currency: Currency,
    reason: str,
) -> Audited:
    """Pay a player's debt from the balance, as far as it reaches."""
    order = PlayerOrder("players.settleDebt", account, {"currency": currency, "reason": reason})
    by = actor.admin.id
    return write_on_player(
        desk.players,
        actor,
        order,
        request,
        lambda context: decide_debt_settlement(context.player, currency, by=by, reason=reason),
    )


def decide_proposal(
    desk: AdjustmentDesk, actor: Actor, request: RequestKey, *, proposal_id: str, is_confirmed: bool
) -> Audited:
    """Another administrator confirms, and it moves, or rejects, and it never will.

    Refused `proposal_unknown`, `second_admin_required`, `proposal_expired`, `proposal_decided`, and
    `adjustment_above_limit` for a second whose own role may not move that much.
    """
    action = "adjustments.confirm" if is_confirmed else "adjustments.reject"
    order = Order(action, f"proposal:{proposal_id}", {}, f"{DECIDED}:{proposal_id}")

    def act(intent: Intent) -> Change:
        proposal = _claim_decision(desk, actor, intent, proposal_id, is_confirmed=is_confirmed)
        before = {"state": "pending"}
        if not is_confirmed:
            return Change(proposal_answer(proposal), before=before, after={"state": "rejected"})
        answer = _move(desk.players.committer, proposal).answer()
        return Change({**proposal_answer(proposal), "result": answer}, before=before, after=answer)

    return carry_out(desk.players.trail, actor, order, request, act)


def pending_proposals(desk: AdjustmentDesk) -> list[dict[str, Any]]:
    """What waits for a second administrator and may still be confirmed, the oldest first, at most 200."""
    since_ms = desk.players.committer.clock.now_ms() - PROPOSAL_VALID_MS
    waiting = desk.proposals.pending(since_ms=since_ms, limit=QUEUE_LENGTH)
    return [proposal_answer(each) for each in sorted(waiting, key=lambda each: each.proposed_ms)]


def proposal_answer(proposal: Proposal) -> dict[str, Any]:
    """A proposal as administrators read it."""
    adjustment = proposal.adjustment
    return {
        "id": proposal.id,
        "state": proposal.state,
        "account": adjustment.account,
        "direction": adjustment.direction,
        "currency": adjustment.currency,
        "amount": str(adjustment.amount),
        "reason": adjustment.reason,
        "proposedBy": proposal.proposed_by,
        "proposedAt": iso_time(proposal.proposed_ms),
        "decidedBy": proposal.decided_by,
    }


def proposed_trace(proposals: ProposalStore) -> Trace:
    """Whether the intent's proposal stands."""
    return lambda _name, intent: proposals.read(_proposal_id(intent)) is not None


def decided_trace(proposals: ProposalStore, committer: Committer) -> Trace:
    """Whether the intent decided the proposal; what was confirmed is moved then, if it was not yet."""

    def has_happened(proposal_id: str, intent: Intent) -> bool:
        proposal = proposals.read(proposal_id)
        if proposal is None or proposal.decided_in != intent.id:
            return False
        return proposal.state == "rejected" or _move(committer, proposal).row.ok

    return has_happened


def _propose(desk: AdjustmentDesk, actor: Actor, request: RequestKey, adjustment: Adjustment) -> Audited:
    order = Order("adjustments.propose", f"player:{adjustment.account}", asdict(adjustment), f"{PROPOSED}:")

    def act(intent: Intent) -> Change:
        desk.players.committer.read_player(adjustment.account)  # raises player_unknown
        proposal = Proposal(_proposal_id(intent), adjustment, intent.admin_id, intent.at_ms, intent.id)
        desk.proposals.insert(proposal)
        answer = proposal_answer(proposal)
        return Change(answer, after=answer)

    return carry_out(desk.players.trail, actor, order, request, act)


def _claim_decision(
    desk: AdjustmentDesk, actor: Actor, intent: Intent, proposal_id: str, *, is_confirmed: bool
) -> Proposal:
    """The proposal, decided by this intent; whoever changes the document first has decided."""
    proposal = desk.proposals.read(proposal_id)
    if proposal is None:
        raise Refused("There is no such proposal", code="proposal_unknown")
    if proposal.decided_in == intent.id:
        return proposal
    now_ms = desk.players.committer.clock.now_ms()
    if is_confirmed:
        check_may_decide(proposal, admin_id=actor.admin.id, now_ms=now_ms)
        check_role_limit(actor.admin.role, proposal.adjustment)
    elif proposal.state != "pending":
        check_may_decide(proposal, admin_id="", now_ms=now_ms)
    decided = replace(
        proposal,
        state="confirmed" if is_confirmed else "rejected",
        decided_by=actor.admin.id,
        decided_in=intent.id,
        revision=proposal.revision + 1,
    )
    if not desk.proposals.replace(decided, expected_revision=proposal.revision):
        raise Unavailable("Somebody else decides this proposal just now", code="proposal_busy")
    return decided


def _move(committer: Committer, proposal: Proposal) -> Outcome:
    adjustment = proposal.adjustment
    by = f"{proposal.proposed_by}+{proposal.decided_by}"
    return committer.commit(
        account=adjustment.account,
        key=admin_key(adjustment.account, proposal.proposed_by, proposal.id),
        fingerprint=proposal.id,
        decide=_decider(adjustment, by=by),
        scope=None,
    )


def _decider(adjustment: Adjustment, *, by: str) -> Decide:
    def decide(context: DecisionContext) -> Decision:
        return decide_adjustment(context.player, adjustment, by=by, emission_block=context.emission_block)

    return decide


def _proposal_id(intent: Intent) -> str:
    return "p" + hashlib.sha256(intent.id.encode()).hexdigest()[:20]
