"""The signer's whole work: read everything itself, ask the policy, journal, sign, verify, and only then answer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from shared.domain.calendar import MS_PER_SECOND, utc_day
from shared.domain.claim_message import payload_of
from shared.domain.claims import Claim, ClaimTerms, VaultIdentity, claim_of_row, settle_name
from shared.domain.errors import InvariantBroken, Refused, Unavailable, ensure
from shared.domain.ledger import system_key
from shared.domain.signing_policy import (
    MAX_VALID_S,
    MIN_VALID_S,
    VALID_FOR_S,
    SigningFacts,
    Verdict,
    claim_day,
    judge,
)
from shared.domain.ton.claim_payload import payload_hash
from shared.ports.claims import ApprovalStore, ClaimStore, SignerAnswer
from shared.ports.signing import JournalEntry, SignerAudit, SignerLimits, SigningJournal, SigningKey
from shared.services.signing_ballot import Ballot, settled_as, void_unless_signed

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.ports.game_configs import GameConfigs
    from shared.services.commit import Committer

APPROVAL_RULE = "approved"
VerifySignature = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class ClaimSigning:
    """The signer's dependencies; `pinned_public_key` is what the vault is known to hold, 32 bytes."""

    committer: Committer
    claims: ClaimStore
    approvals: ApprovalStore
    journal: SigningJournal
    limits: SignerLimits
    audit: SignerAudit
    configs: GameConfigs
    key: SigningKey
    verify: VerifySignature
    allowed: VaultIdentity
    pinned_public_key: bytes
    clock: Clock
    new_id: Callable[[], str]

    def sign_claim(self, claim_id: str) -> SignerAnswer:
        """Sign the claim with this id, or say which rule forbids it. Every decision leaves an audit record.

        Raises Refused `claim_unknown`; Unavailable when a store or the key service does not answer
        (the claim stays as it was and may be asked for again); InvariantBroken when the key service
        returned something that does not verify: it never leaves the signer.
        """
        facts, entry = self._gather(claim_id)
        verdict = judge(facts)
        if not verdict.is_allowed:
            return self._refuse(facts, verdict, entry)
        return self._sign(facts, entry)

    @property
    def _ballot(self) -> Ballot:
        return Ballot(self.journal, self.claims, self.committer.store)

    def _gather(self, claim_id: str) -> tuple[SigningFacts, JournalEntry | None]:
        """Re-read claim, row, player, config and approval; the request's word counts for nothing.

        The journal is read before everything that a refund changes: whoever writes it after a refund
        that these facts do not show finds the entry changed.
        """
        config = self.configs.current()
        claim = self.claims.read(claim_id)
        if claim is None:
            raise Refused("There is no such claim", code="claim_unknown")
        terms = self._terms_of_row(claim.terms.account, claim.row_seq)
        entry = self.journal.read(terms.journal_id)
        settle_key = system_key(terms.account, settle_name(terms.id))
        facts = SigningFacts(
            claim=claim,
            terms_of_row=terms,
            # The signer's database user may not write players: rows it is ahead of stay unprojected.
            player=self.committer.view_player(terms.account),
            config=config,
            allowed=self.allowed,
            is_settled=self.committer.store.row_by_key(settle_key) is not None,
            days_claims=self._days_claims(terms),
            approval=self.approvals.read(terms.id),
            now_ms=self.clock.now_ms(),
        )
        return facts, entry

    def _terms_of_row(self, account: str, seq: int) -> ClaimTerms:
        row = self.committer.store.row_at(account, seq)
        if row is None:
            raise InvariantBroken(f"a claim has its ledger row: {account}:{seq}")
        return claim_of_row(row).terms

    def _days_claims(self, terms: ClaimTerms) -> list[ClaimTerms]:
        """The claim and those before it on its day, walked along the claim rows themselves."""
        found = [terms]
        while found[-1].previous_row:
            before = self._terms_of_row(terms.account, found[-1].previous_row)
            if claim_day(before) != claim_day(terms):
                break
            found.append(before)
        return found

    def _refuse(self, facts: SigningFacts, verdict: Verdict, entry: JournalEntry | None) -> SignerAnswer:
        terms = facts.terms_of_row
        state = facts.claim.state
        # The record first: what another function may act on never lacks its reason.
        self._record(facts, decision="refused", rule=verdict.rule)
        if verdict.rule == APPROVAL_RULE and state in ("reserved", "approved"):
            state = "awaiting_approval"
            self._store(facts.claim, state=state)
        elif verdict.is_final and void_unless_signed(self._ballot, terms, entry):
            state = "refused"
            self._store(facts.claim, state=state, rule=verdict.rule)
        return SignerAnswer(
            state=state, rule=verdict.rule, code=_code_of(verdict.rule), is_final=state == "refused"
        )

    def _sign(self, facts: SigningFacts, entry: JournalEntry | None) -> SignerAnswer:
        terms = facts.terms_of_row
        if entry is None or entry.claim_id != terms.id:
            written = self._write_ahead(facts, entry)
            if isinstance(written, SignerAnswer):
                return written
            entry = written
        if entry.state == "void":
            return self._no(facts, "journal_not_void")
        if entry.valid_until_s < facts.now_ms // MS_PER_SECOND:
            return self._no(facts, "signature_still_valid")
        digest = payload_hash(payload_of(terms, valid_until_s=entry.valid_until_s))
        ensure(digest.hex() == entry.payload_hash, "a journal entry is signed as it was written")
        signature = self._signature(facts, digest)
        encoded = base64.b64encode(signature).decode()
        # Others may read the journal: a signature that anybody can see has its audit record already.
        self._record(facts, decision="signed", rule="all", payload_hash=entry.payload_hash)
        if entry.state == "intent":
            signed = replace(entry, state="signed", signature=encoded, generation=entry.generation + 1)
            if not self.journal.replace(signed, expected_generation=entry.generation):
                # Another signer got there: Ed25519 is deterministic, so it wrote these same bytes.
                current = self.journal.read(entry.id)
                ensure(current is not None and current.signature == encoded, "one payload has one signature")
        self._store(
            facts.claim,
            state="signed",
            valid_until_s=entry.valid_until_s,
            signature=encoded,
            payload_hash=entry.payload_hash,
        )
        return SignerAnswer(state="signed", rule="all")

    def _write_ahead(self, facts: SigningFacts, former: JournalEntry | None) -> JournalEntry | SignerAnswer:
        """Journal the intent before the key is asked; only the winner of that write may sign."""
        terms = facts.terms_of_row
        outcome = "refunded" if former is None else settled_as(self._ballot, former)
        if outcome == "confirmed":
            # The seqno was read from a state of the chain older than that claim: it is spent.
            return self._refuse(facts, Verdict(is_allowed=False, rule="seqno_unspent", is_final=True), former)
        if outcome != "refunded":
            return self._no(facts, "seqno_free")
        now_s = facts.now_ms // MS_PER_SECOND
        valid_until_s = now_s + VALID_FOR_S
        ensure(MIN_VALID_S <= valid_until_s - now_s <= MAX_VALID_S, "a signature is good for 60 s to 15 min")
        day, cap = utc_day(facts.now_ms), facts.config.economy.claim_max_aiba_per_day
        if not self.limits.take(day=day, claim_id=terms.id, credits=terms.credits, cap=cap):
            return self._no(facts, "signer_daily_limit")
        digest = payload_hash(payload_of(terms, valid_until_s=valid_until_s))
        entry = JournalEntry(terms.journal_id, terms.id, "intent", digest.hex(), valid_until_s)
        if former is None:
            is_mine = self.journal.insert(entry)
        else:
            entry = replace(entry, generation=former.generation + 1)
            is_mine = self.journal.replace(entry, expected_generation=former.generation)
        if is_mine:
            return entry
        winner = self.journal.read(terms.journal_id)
        if winner is None or winner.claim_id != terms.id:
            return self._no(facts, "seqno_free")
        return winner

    def _signature(self, facts: SigningFacts, digest: bytes) -> bytes:
        try:
            signature = self.key.sign(digest)
        except Unavailable as error:
            self._record(facts, decision="key_unavailable", rule=error.code)
            raise
        if not self.verify(self.pinned_public_key, digest, signature):
            self._record(facts, decision="signature_did_not_verify", rule="verify_after_signing")
            raise InvariantBroken(
                "the key's signature verifies against the pinned key", code="signature_invalid"
            )
        return signature

    def _no(self, facts: SigningFacts, rule: str) -> SignerAnswer:
        self._record(facts, decision="refused", rule=rule)
        return SignerAnswer(state=facts.claim.state, rule=rule, code=_code_of(rule))

    def _store(self, claim: Claim, **changes: Any) -> None:
        """Move the claim on unless somebody else did; the journal, not this document, decides money."""
        moved = replace(claim, **changes, revision=claim.revision + 1)
        self.claims.replace(moved, expected_revision=claim.revision)

    def _record(self, facts: SigningFacts, *, decision: str, rule: str, **more: Any) -> None:
        terms = facts.terms_of_row
        self.audit.append(
            {
                "_id": self.new_id(),
                "claim": terms.id,
                "acct": terms.account,
                "decision": decision,
                "rule": rule,
                "credits": terms.credits,
                "seqno": terms.seqno,
                "ts": facts.now_ms,
                "cfg": facts.config.revision,
                "key": self.key.key_id,
                **more,
            }
        )


def _code_of(rule: str) -> str:
    """The public code of a no; the rules that name the player's own standing say so, others stay general."""
    public = {
        "kill_switch": "claims_paused",
        APPROVAL_RULE: "approval_required",
        "not_banned": "banned",
        "no_debt": "debt_outstanding",
        "wallet_linked_long_enough": "wallet_cooldown",
        "signer_daily_limit": "claims_cap_reached",
        "seqno_free": "claim_in_flight",
        "signature_still_valid": "claim_expired",
    }
    return public.get(rule, "signing_refused")
