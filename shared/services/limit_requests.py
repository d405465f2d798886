"""Letting a request through, or not, by the shared limiter, and deciding what counts while it is down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from shared.domain.errors import Refused, Unavailable

if TYPE_CHECKING:
    from shared.ports.limiter import LimitCheck, LimitVerdict, RateLimiter

OnOutage = Literal["refuse", "fall_back"]


def limit_requests(
    checks: Sequence[LimitCheck],
    *,
    limiter: RateLimiter,
    fallback: RateLimiter,
    on_outage: OnOutage,
) -> LimitVerdict:
    """Count the request in every bucket of `checks` and give the verdict, for the response's headers.

    While the shared limiter is down, `fall_back` counts in this instance alone and `refuse` lets nothing
    through. Raises Refused `rate_limited` with extra {retryAfterMs, policy, limit, remaining, windowS},
    and Unavailable `limiter_unavailable`.
    """
    try:
        verdict = limiter.check(checks)
    except Unavailable as outage:
        # Not best-effort: each caller has said beforehand which of the two it wants.
        if on_outage == "refuse":
            raise Unavailable("The rate limiter is down", code="limiter_unavailable") from outage
        verdict = fallback.check(checks)
    if not verdict.is_allowed:
        raise Refused(
            "Too many requests",
            code="rate_limited",
            extra={
                "retryAfterMs": verdict.retry_after_ms,
                "policy": verdict.policy,
                "limit": verdict.limit,
                "remaining": verdict.remaining,
                "windowS": verdict.window_s,
            },
        )
    return verdict
