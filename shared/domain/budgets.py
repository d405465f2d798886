"""Emission budgets: which exist, how large they are and into how many shards they are split."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.calendar import MS_PER_DAY, MS_PER_HOUR, utc_day, utc_hour

if TYPE_CHECKING:
    from shared.domain.ledger import Emission


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """One budget of one period: `cap` whole units over `shards` documents."""

    cap: int
    shards: int

    def shard_caps(self) -> list[int]:
        """The cap of each shard: equal parts, the remainder one unit each from the first on."""
        share, remainder = divmod(self.cap, self.shards)
        return [share + (1 if index < remainder else 0) for index in range(self.shards)]


def budget_group(emission: Emission, *, now_ms: int) -> str:
    """`<name>:<period>`, e.g. `AIBA@prediction:2026-11-22` or `claims:2026-11-22T13`.

    The name comes first: the embedded store takes a string that begins with a date for a time, and
    silently finds nothing by it.
    """
    period = utc_hour(now_ms) if emission.period == "hour" else utc_day(now_ms)
    return f"{emission.name}:{period}"


def next_budget_group(emission: Emission, *, now_ms: int) -> str:
    """The budget of the period after: a clock or an account that is ahead may have begun it already."""
    later_ms = MS_PER_HOUR if emission.period == "hour" else MS_PER_DAY
    return budget_group(emission, now_ms=now_ms + later_ms)


def shard_of(key: str, shards: int) -> int:
    """The shard a key tries first; a hash, so that any number of instances spread alike."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % shards
