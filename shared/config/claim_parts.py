"""Settings of those who know the vault: where the chain is read, which vault pays, which key signs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from shared.config.declarations import VAULT_NAMES
from shared.domain.ton.address import read_address

if TYPE_CHECKING:
    from shared.config.parts import Values


@dataclass(frozen=True, slots=True)
class TonProviderSettings:
    """One toncenter-compatible endpoint."""

    url: str
    api_key: str | None = field(repr=False)

    @classmethod
    def primary(cls, values: Values) -> Self:
        return cls(url=values.text("TON_PROVIDER_URL"), api_key=values.optional("TON_API_KEY"))

    @classmethod
    def secondary(cls, values: Values) -> Self | None:
        url = values.optional("TON_PROVIDER_SECONDARY_URL")
        return cls(url=url, api_key=values.optional("TON_SECONDARY_API_KEY")) if url else None


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """The deployed vault: addresses in their raw form `0:<64 hex>`, keys as bytes.

    `code_hash` is lower-case hex, or None for the hash of the contract in this repository.
    """

    vault_address: str
    jetton_master: str
    oracle_public_key: bytes
    units_per_credit: int
    code_hash: str | None

    @classmethod
    def of(cls, values: Values) -> Self | None:
        """None while no vault is configured: the game runs, claims do not."""
        if not all(values.is_set(name) for name in VAULT_NAMES):
            return None
        code_hash = values.optional("VAULT_CODE_HASH")
        return cls(
            vault_address=read_address(values.text("ARENA_VAULT_ADDRESS")).address.raw,
            jetton_master=read_address(values.text("AIBA_JETTON_MASTER")).address.raw,
            oracle_public_key=bytes.fromhex(values.text("ORACLE_PUBLIC_KEY_HEX")),
            units_per_credit=int(values.text("AIBA_UNITS_PER_CREDIT")),
            code_hash=code_hash.lower() if code_hash else None,
        )


@dataclass(frozen=True, slots=True)
class KmsOracleKey:
    """The claim key lives in KMS; `endpoint_url` is set in the local stack only."""

    key_id: str
    endpoint_url: str | None


@dataclass(frozen=True, slots=True)
class LocalOracleKey:
    """The claim key is here: a 32-byte Ed25519 seed."""

    seed: bytes = field(repr=False)


def oracle_key(values: Values) -> KmsOracleKey | LocalOracleKey:
    """KMS where it is configured; that exactly one of the two is set is judged before."""
    key_id = values.optional("ORACLE_KMS_KEY_ID")
    if key_id:
        return KmsOracleKey(key_id=key_id, endpoint_url=values.optional("KMS_ENDPOINT_URL"))
    return LocalOracleKey(seed=bytes.fromhex(values.text("ORACLE_PRIVATE_KEY_HEX")))
