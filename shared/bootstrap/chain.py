"""A TON provider that is believed only once it reported the network we are configured for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.readiness import ensure_reported_network

if TYPE_CHECKING:
    from shared.config.claim_parts import TonProviderSettings, VaultSettings
    from shared.domain.ton_views import ClaimRejection, Delivery, VaultAccount, VaultSnapshot
    from shared.ports.chain import Chain

OnOutcome = Callable[[str], None]


@dataclass(slots=True)
class NetworkCheckedChain:
    """ports.Chain around another: the first question is which network this is, whatever the URL says."""

    function: str
    chain: Chain
    expected_id: int
    _is_checked: bool = field(default=False, init=False)

    def network_id(self) -> int:
        return self._checked().network_id()

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        return self._checked().vault_snapshot(recipient)

    def vault_account(self) -> VaultAccount:
        return self._checked().vault_account()

    def deliveries(self, *, since_s: int, until_s: int | None = None) -> Sequence[Delivery]:
        return self._checked().deliveries(since_s=since_s, until_s=until_s)

    def rejections(self, *, since_s: int) -> Sequence[ClaimRejection]:
        return self._checked().rejections(since_s=since_s)

    def _checked(self) -> Chain:
        if not self._is_checked:
            reported = self.chain.network_id()
            ensure_reported_network(self.function, reported_id=reported, expected_id=self.expected_id)
            self._is_checked = True
        return self.chain


def chain_of(
    function: str,
    provider: TonProviderSettings,
    *,
    vault: VaultSettings,
    network_id: int,
    on_outcome: OnOutcome,
) -> Chain:
    """The chain through one provider; `on_outcome` hears "ok" or a reason per attempt."""
    from shared.adapters.toncenter import TonCenter
    from shared.adapters.toncenter_chain import ToncenterChain

    center = TonCenter(url=provider.url, api_key=provider.api_key, jitter=_jitter, on_outcome=on_outcome)
    chain = ToncenterChain(center, vault=vault.vault_address, jetton_master=vault.jetton_master)
    return NetworkCheckedChain(function, chain, network_id)


def _jitter() -> float:
    """A number in [0, 1) that no snapshot can repeat: retries of many instances must not line up."""
    return secrets.randbelow(1_000_000) / 1_000_000
