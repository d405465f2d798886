"""What the settle function holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.claim_parts import TonProviderSettings, VaultSettings
from shared.config.parts import DatabaseSettings, RuntimeSettings

if TYPE_CHECKING:
    from shared.config.parts import Values


@dataclass(frozen=True, slots=True)
class SettleSettings:
    """Scheduled: reads the chain, confirms and refunds; `vault` None means there is nothing to settle."""

    function: ClassVar[str] = "settle"
    runtime: RuntimeSettings
    database: DatabaseSettings
    ton_network_id: int
    ton_provider: TonProviderSettings
    ton_secondary_provider: TonProviderSettings | None
    vault: VaultSettings | None

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            database=DatabaseSettings.of(values),
            ton_network_id=int(values.text("TON_NETWORK")),
            ton_provider=TonProviderSettings.primary(values),
            ton_secondary_provider=TonProviderSettings.secondary(values),
            vault=VaultSettings.of(values),
        )
