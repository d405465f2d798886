"""Token buckets shared by all instances, in Upstash Redis: several limits in one round trip."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import httpx
from upstash_redis import Redis
from upstash_redis.errors import UpstashError

from shared.adapters.expiring_instants import ExpiringInstants, monotonic_us
from shared.adapters.limit_verdict import bucket_names, verdict_on
from shared.adapters.xray import traced
from shared.domain.errors import Unavailable
from shared.domain.token_bucket import TokenBucket

if TYPE_CHECKING:
    from shared.ports.limiter import LimitCheck, LimitVerdict

ANSWER_WITHIN_S = 0.3
CONNECT_WITHIN_S = 0.2
BLOCKED_MAX = 10_000
# One hash tag for all buckets: a script may only touch keys of one slot.
KEY_PREFIX = "{arena:limit}:"

# The same arithmetic as shared.domain.token_bucket, on Redis's own clock: instances' clocks differ.
# KEYS are the buckets; ARGV are a token's time and the bucket's capacity for each, in microseconds.
# The first line is Upstash's: the script locks its keys, not the whole database.
TAKE_TOKENS = """#!lua flags=allow-key-locking
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full_at = redis.call('MGET', unpack(KEYS))
local answer = {1}
for i = 1, #KEYS do
  local token, capacity = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local until_full = math.min(math.max(tonumber(full_at[i] or 0) - now, 0), capacity)
  if until_full + token > capacity then answer[1] = 0 end
  answer[i + 1] = until_full
end
if answer[1] == 1 then
  for i = 1, #KEYS do
    local until_full = answer[i + 1] + tonumber(ARGV[2 * i - 1])
    redis.call('SET', KEYS[i], string.format('%.0f', now + until_full), 'PX', math.ceil(until_full / 1000))
    answer[i + 1] = until_full
  end
end
return answer
"""


class UpstashLimiter:
    """ports.limiter.RateLimiter on one Upstash database.

    A refused bucket is remembered until its next token, so that a flood of one subject costs no round
    trips. A request is sent once: a repeated script would charge twice. The connection is made at the
    first check, and again after `close`.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str,
        answer_within_s: float = ANSWER_WITHIN_S,
        now_us: Callable[[], int] = monotonic_us,
    ) -> None:
        self._url, self._token = url, token
        self._timeout = httpx.Timeout(answer_within_s, connect=CONNECT_WITHIN_S)
        self._now_us = now_us
        self._blocked_until_us = ExpiringInstants(size_max=BLOCKED_MAX)
        self._lock = threading.Lock()
        self._redis: Redis | None = None

    def check(self, checks: Sequence[LimitCheck]) -> LimitVerdict:
        """Take a token from every bucket, or from none when one has none. Raises Unavailable."""
        names = bucket_names(checks)
        remembered = self._remembered_refusal(names, checks)
        if remembered is not None:
            return remembered
        keys = [KEY_PREFIX + name for name in names]
        full = [TokenBucket(limit=check.limit, window_s=check.window_s) for check in checks]
        times_us = [str(value) for bucket in full for value in (bucket.token_us, bucket.capacity_us)]
        is_allowed, waits_us = self._run(keys, times_us)
        buckets = [
            TokenBucket(limit=check.limit, window_s=check.window_s, until_full_us=until_full_us)
            for check, until_full_us in zip(checks, waits_us, strict=True)
        ]
        if not is_allowed:
            self._remember(names, checks, buckets)
        return verdict_on(checks, buckets, is_allowed=is_allowed, is_fallback=False)

    def close(self) -> None:
        """Give up the connection; after a snapshot or a fork it would be somebody else's."""
        with self._lock:
            if self._redis is not None:
                self._redis.close()  # type: ignore[no-untyped-call]  # the package left it unannotated
                self._redis = None

    def _run(self, keys: list[str], times_us: list[str]) -> tuple[bool, list[int]]:
        """Whether it took the tokens, and each bucket's microseconds until full. Raises Unavailable."""
        try:
            with traced("Upstash"):
                answer: Any = self._client().eval(TAKE_TOKENS, keys=keys, args=times_us)
                is_allowed, *until_full_us = (int(value) for value in answer)
        except (httpx.HTTPError, UpstashError, ValueError, TypeError, KeyError, AttributeError) as error:
            # The last four: an answer that is no JSON, or not the script's, as a proxy in between gives.
            raise Unavailable("The rate limiter did not answer") from error
        if len(until_full_us) != len(keys):
            raise Unavailable("The rate limiter did not answer")
        return is_allowed == 1, until_full_us

    def _client(self) -> Redis:
        with self._lock:
            if self._redis is None:
                self._redis = Redis(self._url, self._token, rest_retries=0, allow_telemetry=False)
                # The package offers no time limit, and without one a dead store hangs every request.
                self._redis._http._client.timeout = self._timeout
            return self._redis

    def _remembered_refusal(self, names: Sequence[str], checks: Sequence[LimitCheck]) -> LimitVerdict | None:
        with self._lock:
            now_us = self._now_us()
            waits_us = [
                self._blocked_until_us.get(_limited_name(name, check)) - now_us
                for name, check in zip(names, checks, strict=True)
            ]
        if max(waits_us) <= 0:
            return None
        buckets = [_bucket_waiting(check, wait_us) for check, wait_us in zip(checks, waits_us, strict=True)]
        return verdict_on(checks, buckets, is_allowed=False, is_fallback=False)

    def _remember(
        self, names: Sequence[str], checks: Sequence[LimitCheck], buckets: Sequence[TokenBucket]
    ) -> None:
        with self._lock:
            now_us = self._now_us()
            for name, check, bucket in zip(names, checks, buckets, strict=True):
                if bucket.wait_us > 0:
                    limited = _limited_name(name, check)
                    self._blocked_until_us.put(limited, now_us + bucket.wait_us, now=now_us)


def _limited_name(name: str, check: LimitCheck) -> str:
    """A refusal holds for the limit it was given under: a raised limit is asked for afresh."""
    return f"{check.limit}/{check.window_s}:{name}"


def _bucket_waiting(check: LimitCheck, wait_us: int) -> TokenBucket:
    """A bucket whose next token is `wait_us` away; one that is not known to wait counts as full."""
    full = TokenBucket(limit=check.limit, window_s=check.window_s)
    if wait_us <= 0:
        return full
    return TokenBucket(
        limit=check.limit,
        window_s=check.window_s,
        until_full_us=full.capacity_us - full.token_us + wait_us,
    )
