"""The end of one claim: confirmed when the jettons were delivered, refunded when they never can be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.claim_decision import known_seqno
from shared.domain.claims import (
    UNSIGNED_FOR_AT_MOST_MS,
    Claim,
    confirmed_effect,
    refunded_effect,
    settle_name,
)
from shared.domain.errors import Unavailable, ensure
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, Row, system_key
from shared.domain.observations import SEQNO_ANOMALY, Observation
from shared.services.signing_ballot import Ballot, void_unless_signed

if TYPE_CHECKING:
    from shared.domain.ton_views import VaultSnapshot
    from shared.ports.chain import Chain
    from shared.ports.signing import JournalEntry
    from shared.services.chain_sightings import ChainSightings
    from shared.services.settlement import Outcome, Settlement

REFUND_MARGIN_S: Final = 60
SECOND_READ_AFTER_MS: Final = 60 * MS_PER_SECOND
UNDELIVERED_AFTER_S: Final = 15 * 60
"""A claim that ran and neither delivered nor bounced by so long after its time is for people to look at."""


def settle_one(settlement: Settlement, sightings: ChainSightings, claim: Claim) -> Outcome:
    """Confirm or refund one claim that its row promised, or leave it as it is.

    Raises Unavailable for any doubt, and InvariantBroken for a claim that breaks a rule of ours.
    """
    terms = claim.terms
    row = _settle_row(settlement, claim)
    if row is not None:
        return _follow_row(settlement, claim, row)
    entry = settlement.journal.read(terms.journal_id)
    may_be_signed = entry is not None and entry.claim_id == terms.id and entry.state != "void"
    if entry is None or not may_be_signed:
        return _settle_unsigned(settlement, claim, entry)
    return _settle_signed(settlement, sightings, claim, entry)


def _settle_row(settlement: Settlement, claim: Claim) -> Row | None:
    terms = claim.terms
    return settlement.committer.store.row_by_key(system_key(terms.account, settle_name(terms.id)))


def _settle_unsigned(settlement: Settlement, claim: Claim, entry: JournalEntry | None) -> Outcome:
    """Refund without chain proof, allowed exactly when `void` won the journal's one document."""
    age_ms = settlement.clock.now_ms() - claim.terms.created_ms
    if claim.state not in ("refused", "rejected") and age_ms <= UNSIGNED_FOR_AT_MOST_MS:
        return "waiting"
    ballot = Ballot(settlement.journal, settlement.claims, settlement.committer.store)
    if not void_unless_signed(ballot, claim.terms, entry):
        return "waiting"  # the signer was faster: the next run settles it on the chain
    why = claim.rule or claim.reason or "unsigned_for_too_long"
    return _insert_settle_row(settlement, claim, refunded_effect(claim, why=why, answer={}))


def _settle_signed(
    settlement: Settlement, sightings: ChainSightings, claim: Claim, entry: JournalEntry
) -> Outcome:
    """Executed is not paid: only a delivery that was seen confirms. A bounce rolls the seqno back.

    While the claim can still be sent and nothing was delivered there is nothing to decide, and the
    vault's state is not asked for: our own clock may delay a decision, never make one.
    """
    _require_its_vault(settlement, claim)
    delivery = sightings.delivery_of(claim, entry)
    now_s = settlement.clock.now_ms() // MS_PER_SECOND
    if delivery is None:
        claim = _note_refusal(settlement, sightings, claim, entry)
        if now_s <= entry.valid_until_s + REFUND_MARGIN_S:
            return "waiting"
    snapshot = _read(settlement, settlement.chain, claim)
    seqno, last_seqno = claim.terms.seqno, snapshot.last_seqno
    if last_seqno > seqno:
        row = _settle_row(settlement, claim)
        if row is not None:  # another run settled it meanwhile, and the wallet's next claim ran
            return _follow_row(settlement, claim, row)
        # One claim per wallet is open at a time, so a higher seqno was signed by somebody else's key.
        _stop(settlement, "last_seqno_anomaly", claim, snapshot)
        if delivery is None:
            return "anomalies"
    if last_seqno >= seqno:
        if delivery is not None:
            effect = confirmed_effect(claim, transaction_hash=delivery.transaction_hash, answer={})
            return _insert_settle_row(settlement, claim, effect)
        if snapshot.shard_time_s > entry.valid_until_s + UNDELIVERED_AFTER_S:
            settlement.report("claim_undelivered", {"claim": claim.terms.id})
        return "waiting"
    if last_seqno < seqno - 1 or delivery is not None:
        return _doubt_state(settlement, claim, snapshot)
    if not _is_over(settlement, claim, entry, snapshot):
        return "waiting"
    return _insert_settle_row(settlement, claim, refunded_effect(claim, why="expired_unsent", answer={}))


def _require_its_vault(settlement: Settlement, claim: Claim) -> None:
    """Raise Unavailable `vault_moved` for a claim on another vault than the one that can be seen.

    A vault deployed in its place knows nothing of the claim: what it never paid, the other may have paid.
    """
    terms, vault = claim.terms, settlement.vault
    if (terms.network, terms.vault, terms.jetton_master) != (vault.network, vault.vault, vault.jetton_master):
        raise Unavailable("The claim was signed for another vault", code="vault_moved")


def _doubt_state(settlement: Settlement, claim: Claim, snapshot: VaultSnapshot) -> Outcome:
    """The state lacks what already happened: an old state, or a vault that was deleted and deployed anew.

    A state later than the claim's own beginning has no excuse: its map was emptied, and claims that
    ran before could run again. But where no row of ours confirmed the seqno before, only a provider ever
    showed it: one of its two answers is wrong, which is for people to look at and stops nobody else.
    """
    terms = claim.terms
    began_s = terms.created_ms // MS_PER_SECOND
    is_later = snapshot.shard_time_s > began_s + REFUND_MARGIN_S
    if is_later and snapshot.last_seqno < terms.seqno - 1:
        player = settlement.committer.view_player(terms.account)
        if known_seqno(player, vault=terms.vault, recipient=terms.recipient) is not None:
            _stop(settlement, "last_seqno_fell", claim, snapshot)
            return "anomalies"
        settlement.report("provider_disagreement", {"claim": terms.id})
    raise Unavailable("The chain's state is older than what it showed before", code="chain_behind")


def _stop(settlement: Settlement, name: str, claim: Claim, snapshot: VaultSnapshot) -> None:
    """Stop every new signature, and note it before anything settles the claim: nobody may see this again."""
    settlement.report(name, {"claim": claim.terms.id, "last": snapshot.last_seqno})
    settlement.pause_claims()
    settlement.observations.note(Observation(SEQNO_ANOMALY, settlement.clock.now_ms(), {}))


def _read(settlement: Settlement, chain: Chain, claim: Claim) -> VaultSnapshot:
    snapshot = chain.vault_snapshot(claim.terms.recipient)
    if snapshot.code_hash != settlement.expected_code_hash:
        raise Unavailable("The vault's code is not the pinned one", code="vault_code_unknown")
    return snapshot


def _note_refusal(
    settlement: Settlement, sightings: ChainSightings, claim: Claim, entry: JournalEntry
) -> Claim:
    """Show the player why the vault refused the claim's message; nothing is decided by it."""
    found = sightings.refusal_of(claim, entry)
    if found is None or found.transaction == claim.failure_transaction:
        return claim
    noted = replace(
        claim,
        failure=found.reason,
        failure_transaction=found.transaction,
        failure_ms=found.time_s * MS_PER_SECOND,
        revision=claim.revision + 1,
    )
    return noted if settlement.claims.replace(noted, expected_revision=claim.revision) else claim


def _is_over(settlement: Settlement, claim: Claim, entry: JournalEntry, first: VaultSnapshot) -> bool:
    """Whether the claim can never run, seen twice: by two providers, or by one at least 60 s apart.

    Only the shard time of the vault's own state counts, strictly past the claim's (and a margin).
    """
    over_s = entry.valid_until_s + REFUND_MARGIN_S
    if first.shard_time_s <= over_s:
        if claim.candidate_ms:  # this state contradicts the first read: it counts for nothing
            _store_candidate(settlement, claim, ms=0, block=0)
        return False
    if settlement.secondary is not None:
        second = _read(settlement, settlement.secondary, claim)
        agrees = second.last_seqno == first.last_seqno
        if not agrees:
            settlement.report("provider_disagreement", {"claim": claim.terms.id})
        return agrees and second.shard_time_s > over_s
    now_ms = settlement.clock.now_ms()
    if claim.candidate_ms == 0:
        _store_candidate(settlement, claim, ms=now_ms, block=first.block_seqno)
        return False
    return now_ms - claim.candidate_ms >= SECOND_READ_AFTER_MS and first.block_seqno > claim.candidate_block


def _store_candidate(settlement: Settlement, claim: Claim, *, ms: int, block: int) -> None:
    candidate = replace(claim, candidate_ms=ms, candidate_block=block, revision=claim.revision + 1)
    settlement.claims.replace(candidate, expected_revision=claim.revision)


def _insert_settle_row(settlement: Settlement, claim: Claim, effect: Accepted) -> Outcome:
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


def _follow_row(settlement: Settlement, claim: Claim, row: Row) -> Outcome:
    """Bring the claim's document to where its settle row says it is."""
    is_confirmed = row.answer["outcome"] == "confirmed"
    ensure(is_confirmed or row.answer["outcome"] == "refunded", "a settle row confirms or refunds")
    settled = replace(
        claim,
        state="confirmed" if is_confirmed else "refunded",
        settled_ms=row.ts_ms,
        transaction_hash=row.answer.get("transactionHash", ""),
        reason=row.answer.get("why", claim.reason),
        revision=claim.revision + 1,
    )
    settlement.claims.replace(settled, expected_revision=claim.revision)
    return "confirmed" if is_confirmed else "refunded"
