"""The days a report covers: real ones, newest first, whatever was asked for."""

from __future__ import annotations

import pytest

from shared.domain.calendar import utc_day
from shared.domain.errors import Refused
from shared.services.read_reports import days_until, read_audit_of_day
from tests.services.admin_world import AdminWorld


def test_days_are_counted_back_across_a_month() -> None:
    assert days_until("2026-03-02", count=4) == ["2026-03-02", "2026-03-01", "2026-02-28", "2026-02-27"]


@pytest.mark.parametrize("day", ["3715-04-47", "2026-02-30", "0000-01-01", "1970-01-01", "0001-01-01"])
def test_a_day_that_is_none_or_has_none_before_it_is_refused_by_name(day: str) -> None:
    with pytest.raises(Refused) as refused:
        days_until(day, count=3)
    assert (refused.value.code, refused.value.extra) == ("invalid_day", {"field": "day"})


def test_no_number_of_records_hides_what_was_done_earlier_that_day() -> None:
    world = AdminWorld()
    for number in range(5_001):
        world.trail.record_login("owner", token_id=f"t{number}", request_id="r", address="a")
    day, seen, cursor = utc_day(world.clock.now_ms()), [], None
    while not seen or cursor:
        page = read_audit_of_day(world.reports, day, limit=2_000, cursor=cursor)
        seen, cursor = [*seen, *(item["id"] for item in page.items)], page.next_cursor
    assert seen == [f"owner:{seq}" for seq in range(5_001, 0, -1)]
