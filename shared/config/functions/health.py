"""What the health function holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.parts import DatabaseSettings, LimiterSettings, RuntimeSettings

if TYPE_CHECKING:
    from shared.config.parts import Values


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
