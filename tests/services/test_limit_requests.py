"""Who is let through, who is refused, and what counts while the shared limiter is down."""

from __future__ import annotations

import pytest

from shared.adapters.local_limiter import LocalLimiter
from shared.domain.errors import Refused, Unavailable
from shared.ports.limiter import LimitCheck
from shared.services.limit_requests import limit_requests
from tests.fakes.limiter import FakeLimiter

CHECKS = [LimitCheck("player", "ann", 120, 60), LimitCheck("claim", "ann", 2, 60)]


def down() -> FakeLimiter:
    limiter = FakeLimiter()
    limiter.is_down = True
    return limiter


def test_the_verdict_of_a_request_that_passes_is_the_tightest_buckets() -> None:
    verdict = limit_requests(CHECKS, limiter=FakeLimiter(), fallback=down(), on_outage="refuse")
    assert (verdict.is_allowed, verdict.policy, verdict.remaining, verdict.is_fallback) == (
        True,
        "claim",
        1,
        False,
    )


def test_a_request_too_many_is_refused_with_what_the_client_needs_to_come_back() -> None:
    limiter = FakeLimiter()
    for _ in range(2):
        limit_requests(CHECKS, limiter=limiter, fallback=down(), on_outage="fall_back")
    with pytest.raises(Refused) as refusal:
        limit_requests(CHECKS, limiter=limiter, fallback=down(), on_outage="fall_back")
    assert refusal.value.code == "rate_limited"
    assert refusal.value.extra == {
        "retryAfterMs": 30_000,
        "policy": "claim",
        "limit": 2,
        "remaining": 0,
        "windowS": 60,
    }


def test_while_the_limiter_is_down_claims_and_logins_are_refused() -> None:
    fallback = FakeLimiter()
    with pytest.raises(Unavailable) as outage:
        limit_requests(CHECKS, limiter=down(), fallback=fallback, on_outage="refuse")
    assert outage.value.code == "limiter_unavailable"
    assert fallback.checked == []


def test_while_the_limiter_is_down_the_rest_is_limited_by_the_instance() -> None:
    fallback = LocalLimiter()
    for _ in range(2):
        assert limit_requests(CHECKS, limiter=down(), fallback=fallback, on_outage="fall_back").is_fallback
    with pytest.raises(Refused, match="Too many requests"):
        limit_requests(CHECKS, limiter=down(), fallback=fallback, on_outage="fall_back")


def test_while_the_limiter_answers_the_instance_counts_nothing() -> None:
    fallback = FakeLimiter()
    limit_requests(CHECKS, limiter=FakeLimiter(), fallback=fallback, on_outage="fall_back")
    assert fallback.checked == []
