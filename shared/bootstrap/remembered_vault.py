"""The vault as strangers are shown it: however often they ask, the provider's quota is there for claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.errors import Unavailable

if TYPE_CHECKING:
    from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot
    from shared.ports.chain import Chain
    from shared.ports.clock import Clock

SHOWN_MS: Final = 5_000
AWAY_MS: Final = 1_000


@dataclass(slots=True)
class RememberedVault:
    """ports.Chain around another: the vault's account is at most 5 s old, everything else is asked anew.

    Reading the account costs a provider about ten calls and anybody may ask for it. Nothing is decided by it
    where this is used. That the provider did not answer is remembered for a second: one that refuses for want
    of quota would otherwise be asked, retries and all, by every stranger's request.
    """

    chain: Chain
    clock: Clock
    _account: VaultAccount | None = field(default=None, init=False)
    _read_ms: int = field(default=0, init=False)
    _failure: Unavailable | None = field(default=None, init=False)
    _failed_ms: int = field(default=0, init=False)

    def network_id(self) -> int:
        return self.chain.network_id()

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        return self.chain.vault_snapshot(recipient)

    def vault_account(self) -> VaultAccount:
        now_ms = self.clock.now_ms()
        if self._account is None or not 0 <= now_ms - self._read_ms < SHOWN_MS:
            self._account, self._read_ms = self._asked(now_ms), now_ms
        return self._account

    def deliveries(self, *, since_s: int, until_s: int | None = None) -> Sequence[Delivery]:
        return self.chain.deliveries(since_s=since_s, until_s=until_s)

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        return self.chain.rejections(since_s=since_s)

    def _asked(self, now_ms: int) -> VaultAccount:
        if self._failure is not None and 0 <= now_ms - self._failed_ms < AWAY_MS:
            raise Unavailable(self._failure.detail, code=self._failure.code)
        try:
            return self.chain.vault_account()
        except Unavailable as failure:
            # Counted from its end: a provider that lets everybody wait takes longer than a second to fail.
            self._failure, self._failed_ms = failure, self.clock.now_ms()
            raise
