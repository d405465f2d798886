"""Who owns which wallet, and how that is proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WalletName:
    """A linked wallet's global name, `<network>:<raw address>`, and who took it last, by which ticket."""

    name: str
    account: str
    ticket: str
    taken_ms: int


class WalletNames(Protocol):
    """Global uniqueness of linked wallets: `<network>:<raw address>` belongs to one account.

    Every taking renews the name's ticket, and only the ticket it was last taken with releases it: a
    late release can never drop a name that was taken again meanwhile.
    """

    def take(self, name: str, account: str, *, ticket: str, now_ms: int) -> str:
        """Take the name unless another account has it; return the account that has it now."""
        ...

    def release(self, name: str, account: str, *, ticket: str, now_ms: int) -> None:
        """Delete the name if this account took it last with this ticket.

        A name the account took with another ticket stays, as if taken now: the janitor looks again.
        """
        ...

    def owner(self, name: str) -> str | None: ...

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[WalletName]:
        """The first `limit` names taken (or looked at again) at from_ms <= instant < until_ms, by instant."""
        ...


class Challenges(Protocol):
    """Nonces for ton_proof: bound to one player, single use, expiring."""

    def create(self, nonce: str, *, account: str, expires_ms: int) -> None: ...

    def consume(self, nonce: str, *, account: str, now_ms: int) -> bool:
        """Use the nonce up, atomically; False when unknown, another player's, expired or used."""
        ...

    def forget_expired(self, *, before_ms: int) -> int:
        """Delete some of the challenges, used or not, that expired before then; return how many."""
        ...
