"""What the claim function holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.claim_parts import TonProviderSettings, VaultSettings
from shared.config.parts import DatabaseSettings, LimiterSettings, RuntimeSettings, session_public_keys

if TYPE_CHECKING:
    from shared.config.parts import Values


@dataclass(frozen=True, slots=True)
class ClaimSettings:
    """`vault` is None while claims are not configured; `lambda_endpoint_url` only in the local stack.

    `signer_role_arn` is the role to assume where the platform's own credentials cannot invoke the signer.
    """

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
    signer_role_arn: str | None
    lambda_endpoint_url: str | None

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            cors_origins=values.texts("CORS_ORIGIN"),
            database=DatabaseSettings.of(values),
            limiter=LimiterSettings.of(values),
            session_public_keys=session_public_keys(values),
            ton_network_id=int(values.text("TON_NETWORK")),
            ton_provider=TonProviderSettings.primary(values),
            vault=VaultSettings.of(values),
            signer_function_name=values.text("SIGNER_FUNCTION_NAME"),
            signer_role_arn=values.optional("SIGNER_ROLE_ARN"),
            lambda_endpoint_url=values.optional("LAMBDA_ENDPOINT_URL"),
        )
