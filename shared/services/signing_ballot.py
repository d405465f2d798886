"""The contest between signing and refunding: one journal document, and whoever writes it first decides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.domain.claims import ClaimTerms, settle_name
from shared.domain.ledger import system_key
from shared.ports import ClaimStore, JournalEntry, LedgerStore, SigningJournal


@dataclass(frozen=True, slots=True)
class Ballot:
    """What either side needs to see to write the journal."""

    journal: SigningJournal
    claims: ClaimStore
    store: LedgerStore


def void_unless_signed(ballot: Ballot, terms: ClaimTerms, entry: JournalEntry | None) -> bool:
    """Write `void` for the claim; True when from now on no signature of it can exist.

    False when it is or may be signed, or when the seqno still belongs to a former claim that was not
    given back: overwriting that entry would forget a signature that may yet be paid.
    """
    void = JournalEntry(terms.journal_id, terms.id, "void", "", 0)
    if entry is None:
        return ballot.journal.insert(void)
    if entry.claim_id == terms.id:
        return entry.state == "void"
    if not was_refunded(ballot, entry):
        return False
    return ballot.journal.replace(
        replace(void, generation=entry.generation + 1), expected_generation=entry.generation
    )


def was_refunded(ballot: Ballot, former: JournalEntry) -> bool:
    """Whether the claim that used the seqno before was given back, by its own settle row."""
    claim = ballot.claims.read(former.claim_id)
    if claim is None:
        return False
    row = ballot.store.row_by_key(system_key(claim.terms.account, settle_name(former.claim_id)))
    return row is not None and row.answer.get("outcome") == "refunded"
