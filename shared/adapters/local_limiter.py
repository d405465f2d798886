"""Token buckets in this process's memory: what limits while the shared store is down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shared.adapters.expiring_instants import ExpiringInstants, monotonic_us
from shared.adapters.limit_verdict import bucket_names, verdict_on
from shared.domain.token_bucket import seen_at

if TYPE_CHECKING:
    from shared.ports.limiter import LimitCheck, LimitVerdict

BUCKETS_MAX = 20_000


class LocalLimiter:
    """ports.limiter.RateLimiter for one process: each instance of a function counts by itself.

    Beyond BUCKETS_MAX subjects the emptiest buckets are kept, so a flood of new subjects cannot wash
    out the ones that are being refused.
    """

    def __init__(self, *, now_us: Callable[[], int] = monotonic_us) -> None:
        self._now_us = now_us
        self._full_at_us = ExpiringInstants(size_max=BUCKETS_MAX)
        self._lock = threading.Lock()

    def check(self, checks: Sequence[LimitCheck]) -> LimitVerdict:
        """Take a token from every bucket, or from none when one has none."""
        names = bucket_names(checks)
        with self._lock:
            now_us = self._now_us()
            buckets = [
                seen_at(self._full_at_us.get(name), now_us=now_us, limit=check.limit, window_s=check.window_s)
                for name, check in zip(names, checks, strict=True)
            ]
            is_allowed = all(bucket.wait_us == 0 for bucket in buckets)
            if is_allowed:
                buckets = [bucket.after_one() for bucket in buckets]
                for name, bucket in zip(names, buckets, strict=True):
                    self._full_at_us.put(name, now_us + bucket.until_full_us, now=now_us)
        return verdict_on(checks, buckets, is_allowed=is_allowed, is_fallback=True)
