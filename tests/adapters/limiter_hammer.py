"""One of several processes on one limit; a module of its own because each of them imports it anew."""

from __future__ import annotations

from collections.abc import Sequence

from shared.adapters.upstash_limiter import UpstashLimiter
from shared.ports.limiter import LimitCheck

PATIENT_S = 10.0
"""What is asked here is how much passes, not how fast: the machine may be busy."""


def hammer(url: str, token: str, checks: Sequence[LimitCheck], tries: int) -> list[int]:
    """How often each check passed in `tries` tries."""
    limiter = UpstashLimiter(url=url, token=token, answer_within_s=PATIENT_S)
    passed = [sum(limiter.check([check]).is_allowed for _ in range(tries)) for check in checks]
    limiter.close()
    return passed
