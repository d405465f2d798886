"""Claims: AIBA moved into escrow, promised to one wallet under one vault seqno, and settled once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

from shared.domain.canonical_json import canonical_bytes
from shared.domain.errors import InvariantBroken, ensure
from shared.domain.ledger import Accepted, Leg, Row, plain

ClaimState = Literal[
    "reserved", "awaiting_approval", "approved", "signed", "confirmed", "refunded", "refused", "rejected"
]
SETTLED_STATES: Final[tuple[ClaimState, ...]] = ("confirmed", "refunded")
OPEN_STATES: Final[tuple[ClaimState, ...]] = tuple(
    state for state in get_args(ClaimState) if state not in SETTLED_STATES
)
CLAIM_KIND: Final = "claim"
CONFIRM_KIND: Final = "claim_confirmed"
REFUND_KIND: Final = "claim_refunded"
UNSIGNED_FOR_AT_MOST_MS: Final = 24 * 3_600_000
APPROVAL_VALID_MS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class VaultIdentity:
    """Which vault pays: network id (-239 mainnet, -3 testnet), raw addresses, jetton units per AIBA credit."""

    network: int
    vault: str
    jetton_master: str
    units_per_credit: int


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """What a claim promises, fixed by its ledger row and never changed.

    `credits` is whole AIBA, `units` the jetton's smallest unit; `seqno` belongs to (vault, recipient).
    `previous_row` is the seq of the account's claim row before this one (0: none), so that a day's
    claims can be recounted from rows without reading every battle.
    """

    id: str
    account: str
    network: int
    vault: str
    jetton_master: str
    recipient: str
    credits: int
    units: int
    seqno: int
    previous_row: int
    created_ms: int

    @property
    def journal_id(self) -> str:
        """The one document signer and refunder compete for."""
        return f"{self.network}:{self.vault}:{self.recipient}:{self.seqno}"

    def binding(self) -> str:
        """What an approval is good for: exactly this claim, wallet, amount and seqno."""
        bound = [self.id, self.network, self.vault, self.recipient, str(self.units), self.seqno]
        return hashlib.sha256(canonical_bytes(bound)).hexdigest()


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim's current state: its terms, and what happened to them since.

    `row_seq` is the ledger row that created it. Times are milliseconds, `valid_until_s` unix seconds.
    `rule` names the rule of a refusal, `reason` an administrator's words. `candidate_ms` is when the
    first of the two reads that a refund on chain proof needs was made, `candidate_block` its masterchain
    block. `wallet_report` is the client's hint.
    `failure` says why the vault refused the claim's message last (vault_refusals), in which transaction
    and when; the claim may be sent again while it is valid.
    """

    terms: ClaimTerms
    row_seq: int
    state: ClaimState
    revision: int = 0
    valid_until_s: int = 0
    signature: str = ""
    payload_hash: str = ""
    rule: str = ""
    reason: str = ""
    settled_ms: int = 0
    transaction_hash: str = ""
    candidate_ms: int = 0
    candidate_block: int = 0
    wallet_report: str = ""
    failure: str = ""
    failure_transaction: str = ""
    failure_ms: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its escrow still waits for a settle row."""
        return self.state not in SETTLED_STATES


def claim_id(key: str) -> str:
    """The claim's id, a hash of the full stored key: the same request names the same claim."""
    return "c" + hashlib.sha256(key.encode()).hexdigest()[:24]


def settle_name(claim: str) -> str:
    """Confirm and refund share one system key: the first row inserted under it wins."""
    return f"claim:{claim}:settle"


def seqno_path(terms: ClaimTerms) -> str:
    """Where the player document keeps the last confirmed seqno of (vault, recipient)."""
    return f"vaultSeqno.{seqno_field(terms.vault, terms.recipient)}"


def seqno_field(vault: str, recipient: str) -> str:
    """A field name of hex digits: paths may hold neither dots nor a leading dollar."""
    return f"{vault.partition(':')[2]}_{recipient.partition(':')[2]}"


def claim_of_row(row: Row) -> Claim:
    """The claim as its ledger row alone knows it: reserved, nothing happened yet."""
    ensure(row.ok and row.kind == CLAIM_KIND, "a claim is read from its own row")
    terms = terms_from(row.changes.get("claim.open"))
    ensure(terms.account == row.account, "a claim belongs to the account of its row")
    return Claim(terms=terms, row_seq=row.seq, state="reserved")


def check_promised(claim: Claim, row: Row | None) -> None:
    """Raise InvariantBroken unless this row, the one that the claim names, promises the same.

    A claim's document may be forged, written by hand, or later than a ledger that was restored. Its
    refund would empty the escrow of another claim, which may still be paid.
    """
    is_promised = (
        row is not None and row.ok and row.kind == CLAIM_KIND and claim_of_row(row).terms == claim.terms
    )
    if not is_promised:
        raise InvariantBroken("a claim promises what its ledger row does", code="claim_without_row")


def terms_from(document: Any) -> ClaimTerms:
    """Read terms from their stored form. Raises InvariantBroken for anything else."""
    ensure(isinstance(document, Mapping), "a claim's terms are a document")
    return ClaimTerms(**{term.name: _stored(document, term) for term in fields(ClaimTerms)})


def claim_from(document: Mapping[str, Any]) -> Claim:
    """Read a claim from its fields as they are stored. Raises InvariantBroken for anything else."""
    ensure(document.get("state") in get_args(ClaimState), "a claim is in one of its states")
    read = {"terms": terms_from(document.get("terms")), "state": document["state"]}
    return Claim(
        **{field.name: _stored(document, field) for field in fields(Claim) if field.name not in read}, **read
    )


def _stored(document: Mapping[str, Any], field: Field[Any]) -> Any:
    value = plain(document.get(field.name, field.default))  # a driver's integers are of a type of its own
    ensure(type(value).__name__ == field.type, f"{field.name} is of its own type")
    return value


def terms_document(terms: ClaimTerms) -> dict[str, Any]:
    """Terms as they are stored inside a row: plain int and str."""
    return asdict(terms)


def confirmed_effect(claim: Claim, *, transaction_hash: str, answer: Mapping[str, Any]) -> Accepted:
    """Escrow leaves for the chain: the jettons were seen delivered."""
    terms = claim.terms
    return Accepted(
        kind=CONFIRM_KIND,
        answer={**answer, "claimId": terms.id, "outcome": "confirmed", "transactionHash": transaction_hash},
        legs=_legs_out_of_escrow(terms, "sys:withdrawn"),
        changes={seqno_path(terms): terms.seqno},
        removals=("claim.open",),
    )


def refunded_effect(claim: Claim, *, why: str, answer: Mapping[str, Any]) -> Accepted:
    """Escrow returns to the balance; the day's allowance does not."""
    terms = claim.terms
    return Accepted(
        kind=REFUND_KIND,
        answer={**answer, "claimId": terms.id, "outcome": "refunded", "why": why},
        legs=_legs_out_of_escrow(terms, terms.account),
        removals=("claim.open",),
    )


def _legs_out_of_escrow(terms: ClaimTerms, target: str) -> tuple[Leg, ...]:
    return (Leg(f"escrow:{terms.account}", "AIBA", -terms.credits), Leg(target, "AIBA", terms.credits))
