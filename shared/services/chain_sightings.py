"""What one settling run sees of the vault's history, asked for once for all its claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.claim_message import message_hash
from shared.domain.errors import Unavailable
from shared.domain.vault_refusals import refusal_reason

if TYPE_CHECKING:
    from shared.domain.claims import Claim
    from shared.domain.ton_views import ClaimRejection, Delivery
    from shared.ports.chain import Chain
    from shared.ports.signing import JournalEntry

RECENT_S: Final = 2 * 3600
BEFORE_EXPIRY_S: Final = 3600
"""A signature is good for a quarter of an hour at most: nothing of the claim happened earlier than this."""
HOUR_S: Final = 3600
WINDOW_S: Final = 8 * HOUR_S
"""What is asked about an old claim: a transfer follows its claim in seconds, or once the network runs again.

To ask for everything since then would be more with every day, until no provider can tell it in time.
"""


@dataclass(frozen=True, slots=True)
class SeenRefusal:
    """Why the vault refused a claim's message (vault_refusals), in which transaction, when (unix seconds)."""

    reason: str
    transaction: str
    time_s: int


@dataclass(slots=True)
class ChainSightings:
    """Recent deliveries and refusals as one provider shows them; older ones are asked for by the hour."""

    chain: Chain
    now_s: int
    _deliveries: Sequence[Delivery] | None = field(default=None, init=False)
    _windows: dict[int, Sequence[Delivery]] = field(default_factory=dict, init=False)
    _refusals: dict[str, ClaimRejection] | None = field(default=None, init=False)

    def delivery_of(self, claim: Claim, entry: JournalEntry) -> Delivery | None:
        """The transfer that paid exactly this claim. Raises Unavailable when nobody can say."""
        terms = claim.terms
        for delivery in self._since(entry.valid_until_s - BEFORE_EXPIRY_S):
            is_ours = (delivery.query_id, delivery.recipient) == (terms.seqno, terms.recipient)
            if is_ours and delivery.amount_units == terms.units and not delivery.is_aborted:
                return delivery
        return None

    def refusal_of(self, claim: Claim, entry: JournalEntry) -> SeenRefusal | None:
        """The vault's last refusal of exactly this signed message; None when none was seen or nobody answers."""
        if self._refusals is None:
            self._refusals = self._read_refusals()
        if not self._refusals or not entry.signature:
            return None
        found = self._refusals.get(
            message_hash(claim.terms, valid_until_s=entry.valid_until_s, signature=entry.signature)
        )
        if found is None:
            return None
        return SeenRefusal(refusal_reason(found.exit_code), found.transaction_hash, found.time_s)

    def _since(self, since_s: int) -> Sequence[Delivery]:
        if since_s < self.now_s - RECENT_S:
            return self._window(since_s // HOUR_S * HOUR_S)
        if self._deliveries is None:
            self._deliveries = self.chain.deliveries(since_s=self.now_s - RECENT_S)
        return self._deliveries

    def _window(self, since_s: int) -> Sequence[Delivery]:
        if since_s not in self._windows:
            self._windows[since_s] = self.chain.deliveries(since_s=since_s, until_s=since_s + WINDOW_S)
        return self._windows[since_s]

    def _read_refusals(self) -> dict[str, ClaimRejection]:
        """By message, the newest of each; a provider that does not answer only costs players a hint."""
        try:
            newest_first = self.chain.rejections(since_s=self.now_s - RECENT_S)
        except Unavailable:
            return {}
        found: dict[str, ClaimRejection] = {}
        for rejection in newest_first:
            found.setdefault(rejection.body_hash, rejection)
        return found
