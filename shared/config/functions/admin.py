"""What the admin function holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.parts import DatabaseSettings, LimiterSettings, RuntimeSettings

if TYPE_CHECKING:
    from shared.config.parts import Values


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
