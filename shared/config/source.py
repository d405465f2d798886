"""Settings that follow their secrets: read at cold start, again every few minutes, and after a restore."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from shared.config.loading import FunctionSettings, load
from shared.config.references import references_of, resolve_references
from shared.domain.errors import Unavailable

if TYPE_CHECKING:
    from shared.ports.secrets import Secrets

# A changed secret must be in use within 5 minutes; the rest is time for the reading itself.
MAX_AGE_S = 285
# While the secret store is down a warm function goes on with what it has, but not for ever.
RETRY_AFTER_S = 15
MAX_OUTAGE_S = 3600

S = TypeVar("S", bound=FunctionSettings)


class Enforce(Protocol):
    """The readiness rules, judged on resolved values; raises to refuse them."""

    def __call__(self, function: str, environment: Mapping[str, str]) -> object: ...


@dataclass(frozen=True, slots=True)
class _Reading(Generic[S]):
    settings: S
    read_at_s: float
    fresh_until_s: float


class SettingsSource(Generic[S]):
    """Hands out the settings of one function; `current` is cheap enough for every request.

    The object handed out stays the same as long as no value changed, so that what was built from
    it may be kept while `source.current() is settings`.
    """

    def __init__(
        self,
        kind: type[S],
        *,
        environment: Mapping[str, str],
        secrets: Secrets,
        enforce: Enforce,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kind = kind
        self._environment = environment
        self._secrets = secrets
        self._enforce = enforce
        self._monotonic_s = monotonic_s
        self._reading: _Reading[S] | None = None
        self._lock = Lock()

    def current(self) -> S:
        """Settings at most 5 minutes old, checked against the readiness rules when they were read.

        Raises what `enforce` raises, SettingsInvalid, or Unavailable: nothing could be read yet, or
        nothing for an hour.
        """
        reading = self._reading
        if reading is not None and self._monotonic_s() < reading.fresh_until_s:
            return reading.settings
        # Whoever already has settings keeps them while another thread reads; the first ones wait.
        if not self._lock.acquire(blocking=reading is None):
            assert reading is not None  # noqa: S101 - a blocking acquire always succeeds
            return reading.settings
        try:
            return self._refresh().settings
        finally:
            self._lock.release()

    def reset(self) -> None:
        """Forget everything: after a snapshot is restored nothing read before it may be trusted."""
        with self._lock:
            self._reading = None

    def _refresh(self) -> _Reading[S]:
        former, now_s = self._reading, self._monotonic_s()
        if former is not None and now_s < former.fresh_until_s:
            return former
        try:
            self._reading = self._read(former, now_s)
        except Unavailable:
            if former is None or now_s - former.read_at_s > MAX_OUTAGE_S:
                raise
            self._reading = _Reading(former.settings, former.read_at_s, now_s + RETRY_AFTER_S)
        return self._reading

    def _read(self, former: _Reading[S] | None, now_s: float) -> _Reading[S]:
        function = self._kind.function
        values = resolve_references(function, environment=self._environment, secrets=self._secrets)
        has_references = bool(references_of(function, environment=self._environment))
        fresh_until_s = now_s + MAX_AGE_S if has_references else float("inf")
        self._enforce(function, values)
        settings = load(self._kind, environment=values)
        if former is not None and former.settings == settings:
            settings = former.settings
        return _Reading(settings, now_s, fresh_until_s)
