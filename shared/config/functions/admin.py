"""What the admin function holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.parts import DatabaseSettings, LimiterSettings, RuntimeSettings

if TYPE_CHECKING:
    from shared.config.parts import Values


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """The operators' function; ADMIN_EMAIL is the owner."""

    function: ClassVar[str] = "admin"
    runtime: RuntimeSettings
    cors_origins: tuple[str, ...]
    database: DatabaseSettings
    limiter: LimiterSettings
    admin_email: str
    admin_password_hash: str = field(repr=False)
    admin_jwt_secret: str = field(repr=False)
    admin_jwt_secret_second: str | None = field(repr=False)

    @classmethod
    def of(cls, values: Values) -> Self:
        return cls(
            runtime=RuntimeSettings.of(values),
            cors_origins=values.texts("CORS_ORIGIN"),
            database=DatabaseSettings.of(values),
            limiter=LimiterSettings.of(values),
            admin_email=values.text("ADMIN_EMAIL"),
            admin_password_hash=values.text("ADMIN_PASSWORD_HASH"),
            admin_jwt_secret=values.text("ADMIN_JWT_SECRET"),
            admin_jwt_secret_second=values.optional("ADMIN_JWT_SECRET_SECOND"),
        )
