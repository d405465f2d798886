"""What the hourly audit looks at: each account that moved, from where it was last found right."""

from __future__ import annotations

from shared.domain.observations import AUDIT
from tests.services.audit.auditor import HOUR_S
from tests.services.audited_world import claim


def test_an_honest_hour_has_nothing_to_report_and_stops_nobody(auditor):
    tally = auditor.run()
    assert (tally.violations, tally.stopped_accounts, auditor.pauses) == ([], 0, 0)
    assert tally.rows == len(auditor.world.store.rows)
    assert auditor.reports == [("ledger_audit", "")]


def test_within_an_hour_nothing_is_looked_at_again(auditor):
    auditor.run()
    auditor.world.clock.advance(seconds=HOUR_S - 1)
    assert auditor.run().accounts == 0
    auditor.touch("tg1")
    assert auditor.next_hour().accounts == 1


def test_what_still_stands_is_noted_each_minute_until_it_is_mended(auditor):
    honest = auditor.world.store.players["tg2"]
    auditor.enrich("tg2")
    auditor.run()
    auditor.world.clock.advance(seconds=60)
    auditor.run()
    [seen] = auditor.observations.read([AUDIT])
    audited_until_ms = auditor.marks.stored.until_ms
    assert seen.seen_ms == auditor.world.clock.now_ms()
    assert seen.facts == {"suspects": 1, "until_ms": audited_until_ms}
    auditor.world.store.players["tg2"] = honest
    auditor.next_hour()
    [seen] = auditor.observations.read([AUDIT])
    assert seen.facts["suspects"] == 0
    assert seen.facts["until_ms"] > audited_until_ms


def test_an_account_is_read_on_from_where_it_was_found_right(auditor):
    auditor.run()
    auditor.touch("tg1")
    assert auditor.next_hour().rows == 1


def test_what_was_found_right_is_compared_even_when_it_is_not_read_again(auditor):
    auditor.run()
    auditor.touch("tg1")
    auditor.enrich("tg1")
    tally = auditor.next_hour()
    assert len(set(tally.violations)) == 1
    assert "invariant 4" in tally.violations[0]


def test_a_player_set_back_before_its_mark_is_found(auditor):
    auditor.run()
    auditor.touch("tg1")
    auditor.forger.player("tg1", seq=3)
    assert "invariant 4" in auditor.next_hour().violations[0]


def test_an_open_claim_is_known_across_runs(auditor):
    auditor.run()
    claim(auditor.world, "tg2", "c", credits=12)
    assert auditor.next_hour().violations == []
    assert list(auditor.marks.marks["tg2"].claims.values()) == [12]
