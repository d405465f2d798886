"""Bringing claims to their end: confirmed when the jettons were delivered, refunded when they never can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.claims import (
    UNSIGNED_FOR_AT_MOST_MS,
    Claim,
    confirmed_effect,
    refunded_effect,
    settle_name,
)
from shared.domain.errors import InvariantBroken, Unavailable
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, Row, system_key
from shared.domain.ton_views import Delivery, VaultSnapshot
from shared.ports import Chain, ClaimStore, Clock, JournalEntry, SigningJournal
from shared.services.commit import Committer
from shared.services.signing_ballot import Ballot, void_unless_signed

REFUND_MARGIN_S: Final = 60
SECOND_READ_AFTER_MS: Final = 60 * MS_PER_SECOND
DELIVERY_LOOKBACK_S: Final = 3600

Report = Callable[[str, Mapping[str, Any]], None]
"""Called with a metric's name and its facts; the edge turns it into logs, metrics and alarms."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling needs. `secondary` is an independent provider; None means reading twice, 60 s apart.

    `pause_claims` stops every new signature; it is called when the chain shows a seqno nobody signed.
    """

    committer: Committer
    claims: ClaimStore
    journal: SigningJournal
    chain: Chain
    secondary: Chain | None
    expected_code_hash: str
    clock: Clock
    pause_claims: Callable[[], None]
    report: Report


@dataclass(slots=True)
class SettleTally:
    """What one run did, for its log line and metrics."""

    looked_at: int = 0
    confirmed: int = 0
    refunded: int = 0
    waiting: int = 0
    undecided: int = 0
    anomalies: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def settle_claims(settlement: Settlement, *, limit: int = 500) -> SettleTally:
    """Look at every open claim once; any doubt leaves it for the next run.

    Never raises for one claim's sake: a provider that does not answer, lies or lags means no decision.
    """
    tally = SettleTally()
    for claim in settlement.claims.open_claims(limit=limit):
        tally.looked_at += 1
        try:
            outcome = _settle_one(settlement, claim)
        except Unavailable as error:
            outcome = "undecided"
            tally.reasons[error.code] = tally.reasons.get(error.code, 0) + 1
        setattr(tally, outcome, getattr(tally, outcome) + 1)
    settlement.report("settle", {"tally": tally})
    return tally


def _settle_one(settlement: Settlement, claim: Claim) -> str:
    terms = claim.terms
    row = settlement.committer.store.row_by_key(system_key(terms.account, settle_name(terms.id)))
    if row is not None:
        return _follow_row(settlement, claim, row)
    entry = settlement.journal.read(terms.journal_id)
    may_be_signed = entry is not None and entry.claim_id == terms.id and entry.state != "void"
    if entry is None or not may_be_signed:
        return _settle_unsigned(settlement, claim, entry)
    return _settle_on_chain(settlement, claim, entry)


def _settle_unsigned(settlement: Settlement, claim: Claim, entry: JournalEntry | None) -> str:
    """Refund without chain proof, allowed exactly when `void` won the journal's one document."""
    age_ms = settlement.clock.now_ms() - claim.terms.created_ms
    if claim.state not in ("refused", "rejected") and age_ms <= UNSIGNED_FOR_AT_MOST_MS:
        return "waiting"
    if not void_unless_signed(_ballot(settlement), claim.terms, entry):
        return "waiting"  # the signer was faster: the next run settles it on the chain
    why = claim.rule or claim.reason or "unsigned_for_too_long"
    return _insert_settle_row(settlement, claim, refunded_effect(claim, why=why, answer={}))


def _ballot(settlement: Settlement) -> Ballot:
    return Ballot(settlement.journal, settlement.claims, settlement.committer.store)


def _settle_on_chain(settlement: Settlement, claim: Claim, entry: JournalEntry) -> str:
    snapshot = _read(settlement, settlement.chain, claim)
    seqno = claim.terms.seqno
    if snapshot.last_seqno > seqno:
        # One claim per wallet is open at a time, so a higher seqno was signed by somebody else's key.
        settlement.report("last_seqno_anomaly", {"claim": claim.terms.id, "last": snapshot.last_seqno})
        settlement.pause_claims()
        return "anomalies"
    if snapshot.last_seqno == seqno:
        return _confirm_delivered(settlement, claim, entry)
    if snapshot.shard_time_s <= entry.valid_until_s + REFUND_MARGIN_S:
        return "waiting"
    if not _is_confirmed_twice(settlement, claim, entry, snapshot):
        return "waiting"
    return _insert_settle_row(settlement, claim, refunded_effect(claim, why="expired_unsent", answer={}))


def _read(settlement: Settlement, chain: Chain, claim: Claim) -> VaultSnapshot:
    snapshot = chain.vault_snapshot(claim.terms.recipient)
    if snapshot.code_hash != settlement.expected_code_hash:
        raise Unavailable("The vault's code is not the pinned one", code="vault_code_unknown")
    return snapshot


def _confirm_delivered(settlement: Settlement, claim: Claim, entry: JournalEntry) -> str:
    """Executed is not paid: only a delivery that was seen confirms. A bounce rolls the seqno back."""
    since_s = min(claim.terms.created_ms // MS_PER_SECOND, entry.valid_until_s) - DELIVERY_LOOKBACK_S
    delivery = _find_delivery(settlement.chain.deliveries(since_s=since_s), claim)
    if delivery is None:
        return "waiting"
    effect = confirmed_effect(claim, transaction_hash=delivery.transaction_hash, answer={})
    return _insert_settle_row(settlement, claim, effect)


def _find_delivery(deliveries: Sequence[Delivery], claim: Claim) -> Delivery | None:
    terms = claim.terms
    for delivery in deliveries:
        is_ours = (delivery.query_id, delivery.recipient) == (terms.seqno, terms.recipient)
        if is_ours and delivery.amount_units == terms.units and not delivery.is_aborted:
            return delivery
    return None


def _is_confirmed_twice(
    settlement: Settlement, claim: Claim, entry: JournalEntry, first: VaultSnapshot
) -> bool:
    """A second provider, or a second read at least 60 s later, must see the same before money returns."""
    if settlement.secondary is not None:
        second = _read(settlement, settlement.secondary, claim)
        agrees = second.last_seqno < claim.terms.seqno
        if not agrees:
            settlement.report("provider_disagreement", {"claim": claim.terms.id})
        return agrees and second.shard_time_s > entry.valid_until_s + REFUND_MARGIN_S
    now_ms = settlement.clock.now_ms()
    if claim.candidate_ms == 0:
        candidate = replace(
            claim, candidate_ms=now_ms, candidate_block=first.block_seqno, revision=claim.revision + 1
        )
        settlement.claims.replace(candidate, expected_revision=claim.revision)
        return False
    return now_ms - claim.candidate_ms >= SECOND_READ_AFTER_MS and first.block_seqno > claim.candidate_block


def _insert_settle_row(settlement: Settlement, claim: Claim, effect: Accepted) -> str:
    """Confirm and refund share one key: whoever inserts first has decided, the other reads the winner."""
    terms = claim.terms
    outcome = settlement.committer.commit(
        account=terms.account,
        key=system_key(terms.account, settle_name(terms.id)),
        fingerprint=SYSTEM_FINGERPRINT,
        decide=lambda _: effect,
        scope=None,
    )
    return _follow_row(settlement, claim, outcome.row)


def _follow_row(settlement: Settlement, claim: Claim, row: Row) -> str:
    """Bring the claim's document to where its settle row says it is."""
    outcome = row.answer["outcome"]
    if outcome not in ("confirmed", "refunded"):
        raise InvariantBroken("a settle row confirms or refunds")
    settled = replace(
        claim,
        state=outcome,
        settled_ms=row.ts_ms,
        transaction_hash=row.answer.get("transactionHash", ""),
        reason=row.answer.get("why", claim.reason),
        revision=claim.revision + 1,
    )
    settlement.claims.replace(settled, expected_revision=claim.revision)
    return str(outcome)
