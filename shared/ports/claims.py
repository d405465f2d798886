"""Where claims and their approvals are kept, and who signs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.claims import Claim, ClaimState
    from shared.domain.signing_policy import Approval


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Open claims, the newest first; `unreadable` are the ids of documents that say they are and are none."""

    claims: list[Claim]
    unreadable: list[str]


class ClaimStore(Protocol):
    """Claims' current state. Derived from ledger rows and guarded by revision; never a source of money."""

    def insert(self, claim: Claim) -> None:
        """Insert unless it exists already."""
        ...

    def read(self, claim_id: str) -> Claim | None: ...

    def replace(self, claim: Claim, *, expected_revision: int) -> bool:
        """Store the claim, whose revision is the expected one plus one, if nobody changed it since."""
        ...

    def of_account(self, account: str) -> list[Claim]: ...

    def open_claims(self, *, limit: int) -> list[Claim]:
        """Claims whose escrow still waits, in no promised order."""
        ...

    def open_page(self, *, limit: int, until_ms: int | None) -> OpenPage:
        """The newest `limit` of them; when `until_ms` is given, of those made then or before."""
        ...

    def oldest_open_ms(self) -> int | None:
        """When the claim was made whose escrow has waited longest."""
        ...


class ApprovalStore(Protocol):
    """Administrators' approvals of claims, one per claim."""

    def read(self, claim_id: str) -> Approval | None: ...

    def write(self, claim_id: str, approval: Approval) -> None:
        """Insert, or replace an earlier (expired) approval of the same claim."""
        ...


@dataclass(frozen=True, slots=True)
class SignerAnswer:
    """What the signer decided about a claim: a state of the claim, and the rule that decided.

    `is_final` says that asking again cannot help; `code` is None when signed.
    """

    state: ClaimState
    rule: str
    code: str | None = None
    is_final: bool = False


class ClaimSigner(Protocol):
    """The private signer, told nothing but a claim's id; it re-reads everything itself."""

    def request_signature(self, claim_id: str) -> SignerAnswer: ...
