"""The comparison itself: every delivery against the claim it paid, every confirmed claim against its delivery.

A delivery belongs to the claim of the same wallet, seqno and units. A debit whose reason is
`correction_reason` puts a difference right, so that a second look finds what is left to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from shared.domain.claims import ClaimTerms, VaultIdentity
from shared.domain.ton_views import Delivery

Outcome = Literal["open", "confirmed", "refunded"]
Kind = Literal[
    "paid_unknown",
    "paid_refunded",
    "paid_unsigned",
    "paid_open",
    "charged_too_much",
    "seqno_behind",
    "undelivered",
]
_LIKELIEST: Final[Sequence[Outcome]] = ("confirmed", "open", "refunded")
_Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class BookedClaim:
    """A claim as the ledger's rows have it; `is_signed` says that the journal may hold a signature of it."""

    terms: ClaimTerms
    outcome: Outcome
    is_signed: bool = False
    settled_ms: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a wallet is now, and the last seqno that account's rows confirmed for it (None: the chain is asked)."""

    account: str
    known_seqno: int | None


@dataclass(frozen=True, slots=True)
class Books:
    """`debits`: (account, reason) -> AIBA taken by adjustments. `holders`: raw wallet address -> whose it is."""

    claims: Sequence[BookedClaim]
    debits: Mapping[tuple[str, str], int]
    holders: Mapping[str, Holder]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing to put right; `account` is empty where nobody has the wallet any more.

    `credits` is what is left to take from the account (paid_*) or to give back (charged_too_much).
    """

    kind: Kind
    account: str
    recipient: str
    seqno: int
    units: int
    credits: int
    claim: str = ""
    transaction: str = ""


def correction_reason(vault: str, recipient: str, seqno: int) -> str:
    """The reason of the adjustment that takes a payout's credits; it names the payout, of which there is one."""
    return f"paid on chain: vault {vault}, wallet {recipient}, seqno {seqno}"


def compare(
    deliveries: Iterable[Delivery], books: Books, *, vault: VaultIdentity, owner: str, since_s: int
) -> list[Difference]:
    """Every difference since then; `deliveries` reach further back, for claims confirmed after `since_s`.

    The owner's withdrawals to itself, transfers that failed and claims on another vault are left out.
    """
    paid = [each for each in deliveries if not each.is_aborted and each.recipient != owner]
    claims = [claim for claim in books.claims if _is_of(claim.terms, vault)]
    booked = _by_place(claims)
    found = [
        difference
        for delivery in paid
        if delivery.time_s >= since_s
        for difference in _of_delivery(delivery, booked.get(_place(delivery)), books, vault=vault)
    ]
    delivered = {_place(delivery) for delivery in paid}
    found += [
        _difference("undelivered", claim.terms)
        for claim in claims
        if claim.outcome == "confirmed" and claim.settled_ms >= 1000 * since_s
        if _place_of(claim.terms) not in delivered
    ]
    return [*found, *_behind(paid, booked, books)]


def _of_delivery(
    delivery: Delivery, claim: BookedClaim | None, books: Books, *, vault: VaultIdentity
) -> Iterable[Difference]:
    holder = books.holders.get(delivery.recipient)
    account = claim.terms.account if claim else holder.account if holder else ""
    reason = correction_reason(vault.vault, delivery.recipient, delivery.query_id)
    is_owed = claim is None or claim.outcome == "refunded"
    credits = delivery.amount_units // vault.units_per_credit if is_owed else 0
    left = credits - books.debits.get((account, reason), 0)
    kind = _kind(claim, left=left)
    if kind is not None:
        yield Difference(
            kind=kind,
            account=account,
            recipient=delivery.recipient,
            seqno=delivery.query_id,
            units=delivery.amount_units,
            credits=abs(left),
            claim=claim.terms.id if claim else "",
            transaction=delivery.transaction_hash,
        )


def _kind(claim: BookedClaim | None, *, left: int) -> Kind | None:
    """What is wrong with a payout of this claim, of which `left` credits are still to be taken."""
    if claim is not None and claim.outcome == "open":
        return "paid_open" if claim.is_signed else "paid_unsigned"
    if left < 0:
        return "charged_too_much"
    if left == 0:
        return None
    return "paid_unknown" if claim is None else "paid_refunded"


def _behind(
    paid: Iterable[Delivery], booked: Mapping[_Place, BookedClaim], books: Books
) -> Iterable[Difference]:
    """Wallets whose player would claim under a seqno that the vault has used; a claim still open moves it on."""
    last: dict[str, Delivery] = {}
    for delivery in sorted(paid, key=lambda each: each.query_id):
        last[delivery.recipient] = delivery
    for recipient, delivery in last.items():
        holder, claim = books.holders.get(recipient), booked.get(_place(delivery))
        is_settling = claim is not None and claim.outcome == "open" and claim.is_signed
        if holder is None or holder.known_seqno is None or is_settling:
            continue
        if holder.known_seqno < delivery.query_id:
            yield Difference("seqno_behind", holder.account, recipient, delivery.query_id, 0, 0)


def _by_place(claims: Iterable[BookedClaim]) -> dict[_Place, BookedClaim]:
    """Refunded claims leave their seqno to later ones; the one that was paid is the one not refunded."""
    found: dict[_Place, list[BookedClaim]] = defaultdict(list)
    for claim in claims:
        found[_place_of(claim.terms)].append(claim)
    return {
        place: min(each, key=lambda claim: _LIKELIEST.index(claim.outcome)) for place, each in found.items()
    }


def _place(delivery: Delivery) -> _Place:
    return delivery.recipient, delivery.query_id, delivery.amount_units


def _place_of(terms: ClaimTerms) -> _Place:
    return terms.recipient, terms.seqno, terms.units


def _is_of(terms: ClaimTerms, vault: VaultIdentity) -> bool:
    return (terms.network, terms.vault, terms.jetton_master) == (
        vault.network,
        vault.vault,
        vault.jetton_master,
    )


def _difference(kind: Kind, terms: ClaimTerms) -> Difference:
    return Difference(
        kind, terms.account, terms.recipient, terms.seqno, terms.units, terms.credits, claim=terms.id
    )
