"""One frozen, typed settings object per function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from shared.config.parts import (
    DatabaseSettings,
    KmsOracleKey,
    LimiterSettings,
    LocalOracleKey,
    RuntimeSettings,
    TonProviderSettings,
    Values,
    VaultSettings,
    oracle_key,
)


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Reads everything's state, changes nothing."""

    function: ClassVar[str] = "health"
    runtime: RuntimeSettings
    cors_origins: tuple[str, ...]
    database: DatabaseSettings
    limiter: LimiterSettings
    metrics_token: str = field(repr=False)

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            cors_origins=values.texts("CORS_ORIGIN"),
            database=DatabaseSettings.of(values),
            limiter=LimiterSettings.of(values),
            metrics_token=values.text("METRICS_TOKEN"),
        )


@dataclass(frozen=True, slots=True)
class BattleSettings:
    """`session_public_keys`: raw 32-byte Ed25519 keys, one or two. Of two battle secrets the first commits to days."""

    function: ClassVar[str] = "battle"
    runtime: RuntimeSettings
    cors_origins: tuple[str, ...]
    database: DatabaseSettings
    limiter: LimiterSettings
    session_public_keys: tuple[bytes, ...]
    battle_seed_secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            cors_origins=values.texts("CORS_ORIGIN"),
            database=DatabaseSettings.of(values),
            limiter=LimiterSettings.of(values),
            session_public_keys=_public_keys(values),
            battle_seed_secrets=values.texts("BATTLE_SEED_SECRET"),
        )


@dataclass(frozen=True, slots=True)
class EconomySettings:
    """The only function that accepts initData and signs session tokens."""

    function: ClassVar[str] = "economy"
    runtime: RuntimeSettings
    cors_origins: tuple[str, ...]
    database: DatabaseSettings
    limiter: LimiterSettings
    telegram_bot_token: str = field(repr=False)
    telegram_initdata_max_age_s: int
    session_private_key: bytes = field(repr=False)
    session_public_keys: tuple[bytes, ...]
    wallet_proof_domains: tuple[str, ...]
    ton_network_id: int

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            cors_origins=values.texts("CORS_ORIGIN"),
            database=DatabaseSettings.of(values),
            limiter=LimiterSettings.of(values),
            telegram_bot_token=values.text("TELEGRAM_BOT_TOKEN"),
            telegram_initdata_max_age_s=int(values.text("TELEGRAM_INITDATA_MAX_AGE_SECONDS")),
            session_private_key=bytes.fromhex(values.text("PLAYER_SESSION_PRIVATE_KEY_HEX")),
            session_public_keys=_public_keys(values),
            wallet_proof_domains=values.texts("WALLET_PROOF_DOMAINS"),
            ton_network_id=int(values.text("TON_NETWORK")),
        )


@dataclass(frozen=True, slots=True)
class ClaimSettings:
    """`vault` is None while claims are not configured; `lambda_endpoint_url` only in the local stack."""

    function: ClassVar[str] = "claim"
    runtime: RuntimeSettings
    cors_origins: tuple[str, ...]
    database: DatabaseSettings
    limiter: LimiterSettings
    session_public_keys: tuple[bytes, ...]
    ton_network_id: int
    ton_provider: TonProviderSettings
    vault: VaultSettings | None
    signer_function_name: str
    lambda_endpoint_url: str | None

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            cors_origins=values.texts("CORS_ORIGIN"),
            database=DatabaseSettings.of(values),
            limiter=LimiterSettings.of(values),
            session_public_keys=_public_keys(values),
            ton_network_id=int(values.text("TON_NETWORK")),
            ton_provider=TonProviderSettings.primary(values),
            vault=VaultSettings.of(values),
            signer_function_name=values.text("SIGNER_FUNCTION_NAME"),
            lambda_endpoint_url=values.optional("LAMBDA_ENDPOINT_URL"),
        )


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """The operators' function; ADMIN_EMAIL is the owner. Of two token secrets the first signs."""

    function: ClassVar[str] = "admin"
    runtime: RuntimeSettings
    cors_origins: tuple[str, ...]
    database: DatabaseSettings
    limiter: LimiterSettings
    admin_email: str
    admin_password_hash: str = field(repr=False)
    admin_jwt_secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            cors_origins=values.texts("CORS_ORIGIN"),
            database=DatabaseSettings.of(values),
            limiter=LimiterSettings.of(values),
            admin_email=values.text("ADMIN_EMAIL"),
            admin_password_hash=values.text("ADMIN_PASSWORD_HASH"),
            admin_jwt_secrets=values.texts("ADMIN_JWT_SECRET"),
        )


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


def _public_keys(values: Values) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(key) for key in values.texts("PLAYER_SESSION_PUBLIC_KEYS"))
