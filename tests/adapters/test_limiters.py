"""What every rate limiter promises: the shared one, the instance's own, and the fake the services are tested with."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.adapters.local_limiter import LocalLimiter
from shared.adapters.upstash_limiter import UpstashLimiter
from shared.domain.errors import InvariantBroken
from shared.ports.limiter import LimitCheck, RateLimiter
from tests.adapters.limiter_hammer import PATIENT_S
from tests.conftest import UpstashRest
from tests.fakes.limiter import FakeLimiter

# So slow that no token comes back while a test runs.
SLOW_S = 36_000


@pytest.fixture(params=["upstash", "local", "fake"])
def limiter(request: pytest.FixtureRequest) -> Iterator[RateLimiter]:
    if request.param != "upstash":
        yield LocalLimiter() if request.param == "local" else FakeLimiter()
        return
    rest: UpstashRest = request.getfixturevalue("upstash")
    made = UpstashLimiter(url=rest.url, token=rest.token, answer_within_s=PATIENT_S)
    yield made
    made.close()


@pytest.fixture(params=["upstash", "local"])
def real_limiter(request: pytest.FixtureRequest) -> Iterator[RateLimiter]:
    if request.param == "local":
        yield LocalLimiter()
        return
    rest: UpstashRest = request.getfixturevalue("upstash")
    made = UpstashLimiter(url=rest.url, token=rest.token, answer_within_s=PATIENT_S)
    yield made
    made.close()


def check(policy: str = "player", *, subject: str, limit: int, window_s: int = SLOW_S) -> LimitCheck:
    return LimitCheck(policy=policy, subject=subject, limit=limit, window_s=window_s)


@pytest.fixture
def subject() -> str:
    return f"ann:{secrets.token_hex(6)}"


def test_exactly_the_limit_passes(limiter: RateLimiter, subject: str) -> None:
    one = check(subject=subject, limit=5)
    assert [limiter.check([one]).is_allowed for _ in range(8)] == [True] * 5 + [False] * 3


def test_the_verdict_counts_down(limiter: RateLimiter, subject: str) -> None:
    one = check(subject=subject, limit=3)
    assert [limiter.check([one]).remaining for _ in range(5)] == [2, 1, 0, 0, 0]


def test_a_refusal_names_its_policy_and_when_to_come_back(limiter: RateLimiter, subject: str) -> None:
    one = check("wallet", subject=subject, limit=2)
    limiter.check([one])
    limiter.check([one])
    verdict = limiter.check([one])
    assert not verdict.is_allowed
    assert (verdict.policy, verdict.limit, verdict.remaining, verdict.window_s) == ("wallet", 2, 0, SLOW_S)
    assert SLOW_S * 1000 / 2 - 5_000 < verdict.retry_after_ms <= SLOW_S * 1000 / 2


def test_subjects_and_policies_do_not_share_buckets(limiter: RateLimiter, subject: str) -> None:
    assert limiter.check([check(subject=subject, limit=1)]).is_allowed
    assert limiter.check([check(subject=f"{subject}2", limit=1)]).is_allowed
    assert limiter.check([check("battle_run", subject=subject, limit=1)]).is_allowed
    assert not limiter.check([check(subject=subject, limit=1)]).is_allowed


def test_a_refused_request_is_counted_in_no_bucket(limiter: RateLimiter, subject: str) -> None:
    wide = check("address", subject=subject, limit=4)
    narrow = check("claim", subject=subject, limit=1)
    assert [limiter.check([wide, narrow]).is_allowed for _ in range(3)] == [True, False, False]
    assert limiter.check([wide]).remaining == 2


def test_of_several_buckets_the_tightest_or_the_refusing_one_speaks(
    limiter: RateLimiter, subject: str
) -> None:
    wide = check("address", subject=subject, limit=9)
    narrow = check("claim", subject=subject, limit=2)
    for order in ([wide, narrow], [narrow, wide], [wide, narrow]):
        verdict = limiter.check(order)
        assert (verdict.policy, verdict.limit) == ("claim", 2)
    assert not verdict.is_allowed


def test_threads_of_one_instance_never_pass_more_than_the_limit(
    real_limiter: RateLimiter, subject: str
) -> None:
    one = check(subject=subject, limit=20)
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: real_limiter.check([one]), range(80)))
    assert sum(verdict.is_allowed for verdict in verdicts) == 20


def test_a_token_comes_back_when_the_refusal_said_so(real_limiter: RateLimiter, subject: str) -> None:
    one = check(subject=subject, limit=1, window_s=2)
    real_limiter.check([one])
    refused = real_limiter.check([one])
    assert not refused.is_allowed
    assert 0 < refused.retry_after_ms <= 2000
    time.sleep(refused.retry_after_ms / 1000)
    assert real_limiter.check([one]).is_allowed


def test_of_two_refusing_buckets_the_longer_wait_counts(real_limiter: RateLimiter, subject: str) -> None:
    short = check("battle_run", subject=subject, limit=1, window_s=60)
    long = check("claim", subject=subject, limit=1)
    assert real_limiter.check([short, long]).is_allowed
    for _ in range(2):
        assert real_limiter.check([short, long]).policy == "claim"


def test_a_limit_of_nothing_lets_nothing_through(real_limiter: RateLimiter, subject: str) -> None:
    verdict = real_limiter.check([check(subject=subject, limit=0, window_s=60)])
    assert (verdict.is_allowed, verdict.remaining) == (False, 0)
    assert 59_000 < verdict.retry_after_ms <= 60_000


def test_a_raised_limit_shortens_the_wait_at_once(real_limiter: RateLimiter, subject: str) -> None:
    assert real_limiter.check([check(subject=subject, limit=1)]).is_allowed
    before = real_limiter.check([check(subject=subject, limit=1)])
    after = real_limiter.check([check(subject=subject, limit=10)])
    assert (before.is_allowed, after.is_allowed) == (False, False)
    assert after.retry_after_ms <= before.retry_after_ms / 9


@pytest.mark.parametrize("subjects", [[], ["ann", "ann"]], ids=["none", "twice"])
def test_a_request_is_counted_in_some_bucket_and_once(real_limiter: RateLimiter, subjects: list[str]) -> None:
    with pytest.raises(InvariantBroken):
        real_limiter.check([check(subject=subject, limit=5) for subject in subjects])
