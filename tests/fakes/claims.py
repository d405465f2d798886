"""Claims, their approvals and who signs them, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable

from shared.domain.claims import Claim
from shared.domain.errors import Unavailable
from shared.domain.signing_policy import Approval
from shared.ports.claims import OpenPage, SignerAnswer


class FakeClaimStore:
    """ports.claims.ClaimStore in memory."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self._lock = threading.Lock()

    def insert(self, claim: Claim) -> None:
        self.claims.setdefault(claim.terms.id, claim)

    def read(self, claim_id: str) -> Claim | None:
        return self.claims.get(claim_id)

    def replace(self, claim: Claim, *, expected_revision: int) -> bool:
        with self._lock:
            current = self.claims.get(claim.terms.id)
            if current is None or current.revision != expected_revision:
                return False
            self.claims[claim.terms.id] = claim
            return True

    def of_account(self, account: str) -> list[Claim]:
        return [claim for claim in self.claims.values() if claim.terms.account == account]

    def open_claims(self, *, limit: int) -> list[Claim]:
        return [claim for claim in self.claims.values() if claim.is_open][:limit]

    def open_page(self, *, limit: int, until_ms: int | None) -> OpenPage:
        found = self.open_claims(limit=len(self.claims))
        if until_ms is not None:
            found = [claim for claim in found if claim.terms.created_ms <= until_ms]
        return OpenPage(sorted(found, key=lambda claim: -claim.terms.created_ms)[:limit], [])

    def oldest_open_ms(self) -> int | None:
        return min(
            (claim.terms.created_ms for claim in self.open_claims(limit=len(self.claims))), default=None
        )

    def in_state(self, state: str, *, limit: int) -> list[Claim]:
        return [claim for claim in self.claims.values() if claim.state == state][:limit]


class FakeApprovalStore:
    """ports.claims.ApprovalStore in memory."""

    def __init__(self) -> None:
        self.approvals: dict[str, Approval] = {}

    def read(self, claim_id: str) -> Approval | None:
        return self.approvals.get(claim_id)

    def write(self, claim_id: str, approval: Approval) -> None:
        self.approvals[claim_id] = approval


class FakeClaimSigner:
    """ports.claims.ClaimSigner: the signer's own work in this process; `is_away` makes it unreachable."""

    def __init__(self, sign_claim: Callable[[str], SignerAnswer]) -> None:
        self._sign_claim = sign_claim
        self.is_away = False
        self.asked: list[str] = []

    def request_signature(self, claim_id: str) -> SignerAnswer:
        self.asked.append(claim_id)
        if self.is_away:
            raise Unavailable("The fake signer is away", code="signer_unavailable")
        return self._sign_claim(claim_id)
