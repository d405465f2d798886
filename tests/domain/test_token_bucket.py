"""The law of the token bucket: never more than it allows, and never less than it promises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.token_bucket import SECOND_US, TokenBucket, seen_at

LIMITS = st.integers(1, 1000)
WINDOWS_S = st.integers(1, 3600)


def passed(limit: int, window_s: int, arrivals_us: list[int]) -> int:
    """How many of these requests a bucket that starts full lets through."""
    full_at_us, count = 0, 0
    for now_us in arrivals_us:
        bucket = seen_at(full_at_us, now_us=now_us, limit=limit, window_s=window_s)
        if bucket.wait_us == 0:
            count += 1
            full_at_us = now_us + bucket.after_one().until_full_us
    return count


@given(LIMITS, WINDOWS_S, st.integers(0, 2000))
def test_at_once_exactly_the_limit_passes(limit: int, window_s: int, requests: int) -> None:
    assert passed(limit, window_s, [7] * requests) == min(limit, requests)


@given(st.integers(1, 50), st.integers(1, 60), st.lists(st.integers(0, 120 * SECOND_US), max_size=200))
def test_over_any_time_no_more_passes_than_the_bucket_and_its_refill(
    limit: int, window_s: int, arrivals_us: list[int]
) -> None:
    arrivals_us.sort()
    elapsed_us = arrivals_us[-1] - arrivals_us[0] if arrivals_us else 0
    allowed = limit + limit * elapsed_us // (window_s * SECOND_US)
    assert passed(limit, window_s, arrivals_us) <= allowed


@given(LIMITS, WINDOWS_S, st.integers(0, 10**10), st.integers(0, 10**10))
def test_whoever_waits_as_long_as_told_is_let_in(
    limit: int, window_s: int, full_at_us: int, now_us: int
) -> None:
    bucket = seen_at(full_at_us, now_us=now_us, limit=limit, window_s=window_s)
    later = seen_at(
        now_us + bucket.until_full_us, now_us=now_us + bucket.wait_us, limit=limit, window_s=window_s
    )
    assert later.wait_us == 0


@given(LIMITS, WINDOWS_S, st.integers(0, 10**10), st.integers(0, 10**10))
def test_a_token_is_there_exactly_when_one_remains(
    limit: int, window_s: int, full_at_us: int, now_us: int
) -> None:
    bucket = seen_at(full_at_us, now_us=now_us, limit=limit, window_s=window_s)
    assert (bucket.wait_us == 0) == (bucket.remaining >= 1)
    assert 0 <= bucket.remaining <= limit


def test_a_lowered_limit_locks_nobody_out_for_longer_than_one_token_takes() -> None:
    emptied = TokenBucket(limit=1000, window_s=3600, until_full_us=3600 * SECOND_US)
    bucket = seen_at(emptied.until_full_us, now_us=0, limit=60, window_s=60)
    assert bucket.wait_us == bucket.token_us == SECOND_US


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    bucket = TokenBucket(limit=0, window_s=60)
    assert (bucket.remaining, bucket.wait_us) == (0, 60 * SECOND_US)
