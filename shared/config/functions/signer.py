"""What the signer holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.claim_parts import VaultSettings, oracle_key
from shared.config.parts import DatabaseSettings, RuntimeSettings

if TYPE_CHECKING:
    from shared.config.claim_parts import KmsOracleKey, LocalOracleKey
    from shared.config.parts import Values


@dataclass(frozen=True, slots=True)
class SignerSettings:
    """The only function with a claim key; `vault` None means that it refuses every claim."""

    function: ClassVar[str] = "signer"
    runtime: RuntimeSettings
    database: DatabaseSettings
    ton_network_id: int
    vault: VaultSettings | None
    oracle_key: KmsOracleKey | LocalOracleKey

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            database=DatabaseSettings.of(values),
            ton_network_id=int(values.text("TON_NETWORK")),
            vault=VaultSettings.of(values),
            oracle_key=oracle_key(values),
        )
