"""Settings that several functions hold in the same form, as values; secrets stay out of every repr."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from shared.config.deployment import is_production
from shared.config.forms import texts
from shared.domain.ton.address import read_address

VAULT_NAMES = ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER", "ORACLE_PUBLIC_KEY_HEX", "AIBA_UNITS_PER_CREDIT")


@dataclass(frozen=True, slots=True)
class Values:
    """The set values of one environment: stripped, and an empty one counts as not set."""

    environment: Mapping[str, str] = field(repr=False)

    def optional(self, name: str) -> str | None:
        return self.environment.get(name, "").strip() or None

    def text(self, name: str) -> str:
        """The value, or the empty text where it is not set."""
        return self.optional(name) or ""

    def texts(self, name: str) -> tuple[str, ...]:
        return texts(self.text(name))

    def is_set(self, name: str) -> bool:
        return self.optional(name) is not None


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Where this runs. `local_clock_file` is a development switch, None in production."""

    app_env: str
    stage: str
    is_production: bool
    local_clock_file: str | None

    @classmethod
    def of(cls, values: Values) -> Self:
        app_env = values.text("APP_ENV").lower()
        return cls(
            app_env=app_env,
            stage=values.text("STAGE") or app_env,
            is_production=is_production(values.environment),
            local_clock_file=values.optional("LOCAL_CLOCK_FILE"),
        )


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the documents are; the URI carries the function's own database user."""

    uri: str = field(repr=False)
    name: str

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(uri=values.text("MONGODB_URI"), name=values.text("MONGODB_DATABASE"))


@dataclass(frozen=True, slots=True)
class LimiterSettings:
    """Upstash REST: the shared rate-limit store."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(url=values.text("UPSTASH_REDIS_REST_URL"), token=values.text("UPSTASH_REDIS_REST_TOKEN"))


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
