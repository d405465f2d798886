"""Whether this is production, decided so that no single variable can talk it out of being so."""

from __future__ import annotations

import re
from collections.abc import Mapping

APP_ENVS = ("dev", "test", "staging", "prod", "production")
_PRODUCTION = frozenset({"prod", "production"})
_NOT_PRODUCTION = frozenset({"dev", "development", "test", "staging", "preview", "local"})

# The function's name ends a list of what the platform itself says; nobody sets it by hand.
_SIGNALS = ("APP_ENV", "NODE_ENV", "VERCEL_ENV", "STAGE", "AWS_LAMBDA_FUNCTION_NAME")


def _says(name: str, environment: Mapping[str, str]) -> frozenset[str]:
    """The words of a signal: a stage may be called `eu-prod`, a function `arena-prod-battle`."""
    return frozenset(re.split(r"[^a-z0-9]+", environment.get(name, "").lower()))


def production_signals(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the variables that say production."""
    return tuple(name for name in _SIGNALS if _says(name, environment) & _PRODUCTION)


def contradicting_signals(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the variables that say something else while another says production."""
    if not production_signals(environment):
        return ()
    return tuple(
        name
        for name in _SIGNALS
        if _says(name, environment) & _NOT_PRODUCTION and not _says(name, environment) & _PRODUCTION
    )


def is_production(environment: Mapping[str, str]) -> bool:
    """True as soon as anything says production."""
    return bool(production_signals(environment))


def is_on_vercel(environment: Mapping[str, str]) -> bool:
    """Whether Vercel says that it runs us: it sets VERCEL itself, while it builds and while it serves."""
    return environment.get("VERCEL") == "1"


def is_known(app_env: str) -> bool:
    """Whether APP_ENV is one of the five names, in any case."""
    return app_env.strip().lower() in APP_ENVS
