"""The contest between signing and refunding: one journal document, and whoever writes it first decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.domain.claims import ClaimTerms, settle_name
from shared.domain.ledger import system_key
from shared.ports.signing import JournalEntry, SigningJournal

if TYPE_CHECKING:
    from shared.ports.claims import ClaimStore
    from shared.ports.ledger import LedgerStore


@dataclass(frozen=True, slots=True)
class Ballot:
    """What either side needs to see to write the journal."""

    journal: SigningJournal
    claims: ClaimStore
    store: LedgerStore


def void_unless_signed(ballot: Ballot, terms: ClaimTerms, entry: JournalEntry | None) -> bool:
    """Write `void` for the claim; True when from now on no signature of it can exist.

    False when it is or may be signed, or when the seqno still belongs to another claim that is not
    settled: overwriting that entry would forget a signature that may yet be paid. Once that claim is
    confirmed its entry stays for ever, and this claim can never be signed without a word of ours.
    """
    if can_never_be_signed(ballot, terms, entry):
        return True
    void = JournalEntry(terms.journal_id, terms.id, "void", "", 0)
    if entry is None:
        return ballot.journal.insert(void)
    if entry.claim_id == terms.id or settled_as(ballot, entry) != "refunded":
        return False
    return ballot.journal.replace(
        replace(void, generation=entry.generation + 1), expected_generation=entry.generation
    )


def can_never_be_signed(ballot: Ballot, terms: ClaimTerms, entry: JournalEntry | None) -> bool:
    """Whether the journal already forbids every signature of this claim: its void, or a seqno that is spent."""
    if entry is None:
        return False
    if entry.claim_id == terms.id:
        return entry.state == "void"
    return settled_as(ballot, entry) == "confirmed"


def settled_as(ballot: Ballot, entry: JournalEntry) -> str | None:
    """`confirmed` or `refunded`, as the settle row of the entry's own claim says; None while there is none."""
    claim = ballot.claims.read(entry.claim_id)
    if claim is None:
        return None
    row = ballot.store.row_by_key(system_key(claim.terms.account, settle_name(entry.claim_id)))
    return None if row is None else str(row.answer["outcome"])
