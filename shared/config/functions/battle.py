"""What the battle function holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from shared.config.parts import DatabaseSettings, LimiterSettings, RuntimeSettings, session_public_keys

if TYPE_CHECKING:
    from shared.config.parts import Values


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
            session_public_keys=session_public_keys(values),
            battle_seed_secrets=values.texts("BATTLE_SEED_SECRET"),
        )
