"""Budgets in the hourly audit: each hold counted once, each shard read once, and one that gave too little stops everybody."""

from __future__ import annotations

from shared.domain.calendar import utc_day
from tests.fakes.audit import FakeLedgerScan
from tests.services.audit.auditor import HOUR_S, LATER_S


def test_budgets_are_read_once_a_run_and_only_those_that_rows_of_two_days_hold(auditor, monkeypatch):
    asked: list[set[str]] = []
    shards_of = FakeLedgerScan.shards_of

    def counted(scan, groups):
        asked.append(set(groups))
        return shards_of(scan, groups)

    monkeypatch.setattr(FakeLedgerScan, "shards_of", counted)
    auditor.run()
    assert len(asked) == 1
    assert {group.split(":")[0] for group in asked[0]} == {"AIBA", "NEUR", "claims", "claimsHour"}
    for _ in range(3):
        auditor.world.clock.advance(seconds=24 * HOUR_S)
        auditor.run()
    auditor.world.battle("tg1", "days later").answer()
    auditor.next_hour()
    assert asked[-1] == {f"AIBA:{utc_day(auditor.world.clock.now_ms() - LATER_S * 1000)}"}


def test_a_budget_of_days_ago_is_no_suspect_for_ever(auditor):
    shard_id = auditor.refill_budget()
    auditor.run()
    assert list(auditor.marks.stored.suspects) == [shard_id]
    auditor.world.clock.advance(seconds=3 * 24 * HOUR_S)
    auditor.touch("tg1")
    auditor.next_hour()
    assert auditor.marks.stored.suspects == {}
    auditor.rich_accounts(11)
    assert (auditor.next_hour().stopped_accounts, auditor.pauses) == (1, 1)


def test_a_budget_that_gave_less_than_rows_hold_stops_everybody(auditor):
    shard_id = auditor.refill_budget()
    tally = auditor.run()
    assert (tally.has_paused_claims, auditor.pauses, tally.stopped_accounts) == (True, 1, 0)
    assert ("ledger_violation", shard_id) in auditor.reports


def test_holds_are_counted_once_over_all_runs(auditor):
    auditor.run()
    world = auditor.world
    counted = dict(auditor.marks.stored.held)
    world.battle("tg1", "later").answer()
    auditor.next_hour()
    held = auditor.marks.stored.held
    assert sum(held.values()) > sum(counted.values()) > 0
    for shard_id, units in held.items():
        shard = world.store.shards[shard_id]
        assert units == shard.cap - shard.available
