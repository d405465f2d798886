"""Settings that several functions hold in the same form, as values; secrets stay out of every repr."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from shared.config.deployment import is_production
from shared.config.forms import texts


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


def session_public_keys(values: Values) -> tuple[bytes, ...]:
    """The keys that session tokens are verified with: raw 32-byte Ed25519 keys, one or two."""
    return tuple(bytes.fromhex(key) for key in values.texts("PLAYER_SESSION_PUBLIC_KEYS"))
