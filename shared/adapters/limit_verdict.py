"""The verdict on several token buckets at once, and the names the buckets have in a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.domain.errors import ensure
from shared.ports.limiter import LimitCheck, LimitVerdict

if TYPE_CHECKING:
    from shared.domain.token_bucket import TokenBucket


def bucket_names(checks: Sequence[LimitCheck]) -> list[str]:
    """`<policy>:<subject>` of each. Raises InvariantBroken for no check at all, or one bucket twice."""
    names = [f"{check.policy}:{check.subject}" for check in checks]
    ensure(names, "a request is counted in at least one bucket")
    ensure(len(set(names)) == len(names), "a request is counted once in a bucket")
    return names


def verdict_on(
    checks: Sequence[LimitCheck],
    buckets: Sequence[TokenBucket],
    *,
    is_allowed: bool,
    is_fallback: bool,
) -> LimitVerdict:
    """The verdict as seen by the tightest bucket, or by the refusing one with the longest wait.

    `buckets` are in the order of `checks`, as they are after the decision.
    """
    pairs = list(zip(checks, buckets, strict=True))
    if is_allowed:
        check, bucket = min(pairs, key=lambda pair: (pair[1].remaining, -pair[1].wait_us))
    else:
        check, bucket = max(pairs, key=lambda pair: pair[1].wait_us)
    return LimitVerdict(
        is_allowed=is_allowed,
        policy=check.policy,
        limit=check.limit,
        remaining=bucket.remaining,
        window_s=check.window_s,
        # Rounded up: a client that waits as long as it is told is let in.
        retry_after_ms=0 if is_allowed else -(-bucket.wait_us // 1000),
        is_fallback=is_fallback,
    )
