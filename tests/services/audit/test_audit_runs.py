"""Runs of the hourly audit that overtake each other, die or fall behind look at everything all the same."""

from __future__ import annotations

import pytest

from shared.domain.errors import Unavailable
from tests.fakes.audit import FakeAuditMarks, FakeLedgerScan
from tests.services.audit.auditor import HOUR_S


@pytest.mark.parametrize("read", [(FakeAuditMarks, "read"), (FakeLedgerScan, "players_with_ids")])
def test_two_runs_at_once_find_nothing_wrong_with_an_honest_account(auditor, monkeypatch, read):
    """While one looks at an account, the account plays on and the other run overtakes."""
    owner, name = read
    look, overtaken = getattr(owner, name), []

    def overtake(part, accounts):
        if not overtaken:
            overtaken.append(accounts)
            auditor.touch(next(iter(accounts)))
            assert auditor.next_hour().violations == []
        return look(part, accounts)

    auditor.run()
    auditor.touch("tg1")
    monkeypatch.setattr(owner, name, overtake)
    assert auditor.next_hour().violations == []
    assert overtaken


def test_a_run_that_dies_in_between_is_done_again_by_the_next(auditor):
    class Dying(FakeLedgerScan):
        def players_with_ids(self, ids):
            raise Unavailable("the database went away")

    with pytest.raises(Unavailable):
        auditor.run(scan=Dying(auditor.world.store))
    assert auditor.run().rows == len(auditor.world.store.rows)


def test_a_long_backlog_is_worked_off_over_several_runs(auditor):
    class SlowClock:
        def now_ms(self) -> int:
            auditor.world.clock.advance(seconds=3)
            return auditor.world.clock.time_ms

    first = auditor.run(clock=SlowClock())
    assert first.behind_ms > HOUR_S * 1000
    runs = 1
    while auditor.run(clock=SlowClock()).behind_ms > HOUR_S * 1000 + 700_000:
        runs += 1
    assert runs > 5
    assert set(auditor.marks.marks) == {"tg1", "tg2"}
