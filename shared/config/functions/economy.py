"""What the economy function holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.parts import DatabaseSettings, LimiterSettings, RuntimeSettings, session_public_keys

if TYPE_CHECKING:
    from shared.config.parts import Values


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
            session_public_keys=session_public_keys(values),
            wallet_proof_domains=values.texts("WALLET_PROOF_DOMAINS"),
            ton_network_id=int(values.text("TON_NETWORK")),
        )
