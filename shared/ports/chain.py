"""What the backend reads of TON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot


class Chain(Protocol):
    """TON as the backend needs it; every answer is read at one pinned masterchain block."""

    def network_id(self) -> int:
        """-239 mainnet, -3 testnet, as the network itself reports it."""
        ...

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        """Vault state and getLastSeqno(recipient) in ONE pinned state; any doubt raises Unavailable."""
        ...

    def vault_account(self) -> VaultAccount: ...

    def deliveries(self, *, since_s: int, until_s: int | None = None) -> Sequence[Delivery]:
        """Jetton transfers out of the vault since then, or between both instants (unix seconds, both included).

        Shows that one happened, never that none did. What is too much to tell in time is Unavailable.
        """
        ...

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        """Claims the vault refused since then, newest first, as far as one answer goes; proves nothing."""
        ...
