"""Who counts requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One token bucket: at most `limit` in `window_s` seconds for `subject` under `policy`."""

    policy: str
    subject: str
    limit: int
    window_s: int


@dataclass(frozen=True, slots=True)
class LimitVerdict:
    """All-or-nothing answer of a rate-limit check; `policy` is the tightest or the refusing one."""

    is_allowed: bool
    policy: str
    limit: int
    remaining: int
    window_s: int
    retry_after_ms: int
    is_fallback: bool = False


class RateLimiter(Protocol):
    """Shared token buckets, checked in one round trip; raises Unavailable when the store is down."""

    def check(self, checks: Sequence[LimitCheck]) -> LimitVerdict: ...
