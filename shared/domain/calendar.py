"""UTC days and hours of a millisecond clock, as the ledger and the budgets name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

MS_PER_SECOND: Final = 1_000
MS_PER_HOUR: Final = 3_600_000
MS_PER_DAY: Final = 86_400_000


def utc_day(now_ms: int) -> str:
    """`2026-11-22`, the UTC day that contains the instant."""
    return _moment(now_ms).strftime("%Y-%m-%d")


def utc_hour(now_ms: int) -> str:
    """`2026-11-22T13`, the UTC hour that contains the instant."""
    return _moment(now_ms).strftime("%Y-%m-%dT%H")


def iso_time(now_ms: int) -> str:
    """ISO 8601 UTC with milliseconds, e.g. `2026-11-22T13:05:00.250Z`."""
    return _moment(now_ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{now_ms % 1000:03d}Z"


def day_start_ms(day: str) -> int:
    """The first millisecond of a UTC day written `2026-11-22`."""
    return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * MS_PER_SECOND


def day_before(day: str) -> str:
    """The UTC day before this one."""
    return utc_day(day_start_ms(day) - 1)


def _moment(now_ms: int) -> datetime:
    # Added to the epoch in whole milliseconds: a float of seconds would round.
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms)
