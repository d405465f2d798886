"""Request limits with counts that a test can see."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.errors import Unavailable
from shared.ports.limiter import LimitCheck, LimitVerdict


class FakeLimiter:
    """ports.limiter.RateLimiter with fixed counts per (policy, subject); `is_down` makes it unavailable."""

    def __init__(self, *, is_fallback: bool = False) -> None:
        self.is_fallback = is_fallback
        self.counts: dict[tuple[str, str], int] = {}
        self.checked: list[Sequence[LimitCheck]] = []
        self.is_down = False

    def check(self, checks: Sequence[LimitCheck]) -> LimitVerdict:
        if self.is_down:
            raise Unavailable("the limiter is down", code="limiter_unavailable")
        self.checked.append(list(checks))
        tightest = min(checks, key=self._left)
        if self._left(tightest) <= 0:
            return self._verdict(tightest, is_allowed=False)
        for check in checks:
            key = (check.policy, check.subject)
            self.counts[key] = self.counts.get(key, 0) + 1
        return self._verdict(tightest, is_allowed=True)

    def _left(self, check: LimitCheck) -> int:
        return check.limit - self.counts.get((check.policy, check.subject), 0)

    def _verdict(self, check: LimitCheck, *, is_allowed: bool) -> LimitVerdict:
        return LimitVerdict(
            is_allowed=is_allowed,
            policy=check.policy,
            limit=check.limit,
            remaining=max(0, self._left(check)),
            window_s=check.window_s,
            retry_after_ms=0 if is_allowed else check.window_s * 1000 // check.limit,
            is_fallback=self.is_fallback,
        )
