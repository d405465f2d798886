"""One function's dependencies: built from its settings on first use, rebuilt when a secret changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from shared.config.environment import process_environment
from shared.config.loading import FunctionSettings
from shared.config.source import SettingsSource

if TYPE_CHECKING:
    from shared.config.claim_parts import KmsOracleKey

S = TypeVar("S", bound=FunctionSettings)
D = TypeVar("D")


class Wired(Generic[S, D]):
    """Call it for the dependencies: readiness is checked and everything built at the first call.

    Raises ProductionNotReady or SettingsInvalid when the function must not run, Unavailable while a
    secret store is away. `forget` drops settings and clients, before a snapshot and after a restore.
    """

    def __init__(
        self,
        kind: type[S],
        build: Callable[[S], D],
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._kind = kind
        self._build = build
        self._environment = process_environment() if environment is None else environment
        self._source: SettingsSource[S] | None = None
        self._settings: S | None = None
        self._built: D | None = None

    def __call__(self) -> D:
        if self._source is None:
            self._source = self._new_source()
        settings = self._source.current()
        if self._built is None or settings is not self._settings:
            self._built, self._settings = self._build(settings), settings
        return self._built

    def forget(self) -> None:
        """Keep nothing that was read so far, and close what can be closed."""
        if self._source is not None:
            self._source.reset()
        close = getattr(self._built, "close", None)
        self._built, self._settings = None, None
        if close is not None:
            close()

    def _new_source(self) -> SettingsSource[S]:
        from shared.adapters.aws_secrets import AwsSecrets

        secrets = AwsSecrets(environment=self._environment)
        return SettingsSource(
            self._kind, environment=self._environment, secrets=secrets, enforce=_enforce_and_warn
        )


def _enforce_and_warn(function: str, environment: Mapping[str, str]) -> None:
    from shared.readiness import enforce

    warnings = enforce(function, environment, read_kms_public_key=_kms_public_key)
    for warning in warnings:
        line = {"level": "WARNING", "message": "readiness warning", "detail": warning.describe()}
        print(json.dumps(line), file=sys.stderr, flush=True)  # noqa: T201 - no logger exists yet


def _kms_public_key(key: KmsOracleKey) -> bytes:
    from shared.adapters.kms_signing_key import kms_signing_key

    return kms_signing_key(key.key_id, key.endpoint_url).public_key()
