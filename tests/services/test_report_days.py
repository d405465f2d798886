"""The days a report covers: real ones, newest first, whatever was asked for."""

from __future__ import annotations

import pytest

from shared.domain.errors import Refused
from shared.services.read_reports import days_until


def test_days_are_counted_back_across_a_month() -> None:
    assert days_until("2026-03-02", count=4) == ["2026-03-02", "2026-03-01", "2026-02-28", "2026-02-27"]


@pytest.mark.parametrize("day", ["3715-04-47", "2026-02-30", "0000-01-01", "1970-01-01", "0001-01-01"])
def test_a_day_that_is_none_or_has_none_before_it_is_refused_by_name(day: str) -> None:
    with pytest.raises(Refused) as refused:
        days_until(day, count=3)
    assert (refused.value.code, refused.value.extra) == ("invalid_day", {"field": "day"})
