"""The edge of every HTTP function: clock, origins, limiter, and whoever it can recognise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from shared.config.deployment import is_on_vercel
from shared.config.environment import process_environment
from shared.services.limit_requests import limit_requests
from shared.wiring import (
    AdminGate,
    EdgeWiring,
    JudgeInitData,
    Limit,
    OnOutage,
    PlatformIdentity,
    VerifySession,
    nobody_was_asked,
)

if TYPE_CHECKING:
    from shared.adapters.upstash_limiter import UpstashLimiter
    from shared.bootstrap.stores import Stores
    from shared.config.parts import LimiterSettings
    from shared.ports.limiter import LimitCheck, LimitVerdict, RateLimiter

VERCEL_ADDRESS_HEADER: Final = "x-vercel-forwarded-for"
"""Set by Vercel's own proxy on every request; believed only where VERCEL=1 says we run behind it."""
VERCEL_IDENTITY_HEADER: Final = "x-vercel-oidc-token"
"""Vercel's token for the deployment (OpenID Connect), on every request to a function; as above."""


def edge_wiring(
    stores: Stores,
    *,
    cors_origins: Sequence[str],
    limiter: LimiterSettings,
    session_public_keys: Sequence[bytes] = (),
    judge_init_data: JudgeInitData | None = None,
    admin_gate: AdminGate | None = None,
    keep_identity: Callable[[str], object] | None = None,
    provider_outcomes: Callable[[], Mapping[str, int]] = nobody_was_asked,
) -> EdgeWiring:
    """Bind the limiters and the keys; sockets open at the first request.

    `keep_identity` is given each request's platform identity, on the platform that sends one.
    """
    is_vercel = is_on_vercel(process_environment())
    identity = None
    if is_vercel and keep_identity is not None:
        identity = PlatformIdentity(VERCEL_IDENTITY_HEADER, keep_identity)

    @cache
    def shared_limiter() -> UpstashLimiter:
        """Its import costs a fifth of a cold start: it waits for a request, unless a snapshot carries it."""
        from shared.adapters.upstash_limiter import UpstashLimiter

        return UpstashLimiter(url=limiter.url, token=limiter.token)

    def close() -> None:
        if shared_limiter.cache_info().currsize:
            shared_limiter().close()
        stores.close()

    if process_environment().get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        shared_limiter()
        stores.prepare()

    return EdgeWiring(
        clock=stores.clock,
        cors_origins=frozenset(cors_origins),
        limit=_limit_function(shared_limiter),
        limit_overrides=stores.known_limits,
        verify_session=_verify_function(session_public_keys) if session_public_keys else None,
        judge_init_data=judge_init_data,
        admin_gate=admin_gate,
        address_header=VERCEL_ADDRESS_HEADER if is_vercel else "",
        identity=identity,
        provider_outcomes=provider_outcomes,
        close=close,
    )


def _limit_function(shared_limiter: Callable[[], RateLimiter]) -> Limit:
    from shared.adapters.local_limiter import LocalLimiter

    own_limiter = LocalLimiter()

    def limit(checks: Sequence[LimitCheck], *, on_outage: OnOutage) -> LimitVerdict:
        return limit_requests(checks, limiter=shared_limiter(), fallback=own_limiter, on_outage=on_outage)

    return limit


def _verify_function(public_keys: Sequence[bytes]) -> VerifySession:
    from shared.adapters.session_tokens import SessionVerifier

    return SessionVerifier(public_keys).verify
