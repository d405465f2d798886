"""Token buckets kept as one number: how long until the bucket is full again.

The generic cell rate algorithm (ITU-T I.371, annex A) in whole microseconds: taking a token moves the
moment the bucket is full by one token's time, and a token is there while that moment stays within the
bucket. A full bucket needs no memory at all. At most `limit` pass at once, and over any time t at
most limit * (1 + t / window); a token's time is rounded up, so rounding never lets more through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """A bucket of `limit` tokens, refilled evenly in `window_s` seconds; `until_full_us` 0 = full."""

    limit: int
    window_s: int
    until_full_us: int = 0

    @property
    def token_us(self) -> int:
        """The time one token takes to come back; the whole window where no token ever does."""
        return -(-self.window_s * SECOND_US // max(self.limit, 1))

    @property
    def capacity_us(self) -> int:
        """The time an empty bucket takes to fill."""
        return self.token_us * max(self.limit, 0)

    @property
    def remaining(self) -> int:
        """Whole tokens in it."""
        return max(0, self.capacity_us - self.until_full_us) // self.token_us

    @property
    def wait_us(self) -> int:
        """How long until a token is there; 0 when one is."""
        return max(0, self.until_full_us + self.token_us - self.capacity_us)

    def after_one(self) -> TokenBucket:
        """The bucket with one token taken out, whether or not it was there."""
        return replace(self, until_full_us=self.until_full_us + self.token_us)


def seen_at(full_at_us: int, *, now_us: int, limit: int, window_s: int) -> TokenBucket:
    """The bucket that is full at `full_at_us`, as it is now.

    Never emptier than empty: a lowered limit, or a clock set back, locks nobody out for longer than
    one token takes.
    """
    empty = TokenBucket(limit=limit, window_s=window_s)
    return replace(empty, until_full_us=min(max(full_at_us - now_us, 0), empty.capacity_us))
