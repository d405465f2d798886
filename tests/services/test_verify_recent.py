"""The hourly audit: what it looks at, what it stops, and that a crash or an administrator changes neither."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.adapters.mongo_audit_marks import MongoAuditMarks
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.adapters.mongo_observations import MongoObservations
from shared.domain.calendar import utc_day
from shared.domain.errors import Refused, Unavailable
from shared.domain.observations import AUDIT
from shared.ports.audit import AuditMark, AuditProgress
from shared.ports.ledger import BudgetShard
from shared.services.verify_recent import AuditTally, RecentAudit, verify_recent
from tests.fakes.audit import FakeAuditMarks, FakeLedgerScan
from tests.fakes.observations import FakeObservations
from tests.services.audited_world import Forger, busy_world, claim
from tests.services.game_world import GameWorld

HOUR_S = 3_600
LATER_S = 2 * HOUR_S


class Auditor:
    """One running audit over a busy world two hours later, with its switches in reach."""

    def __init__(self, world: GameWorld) -> None:
        self.world = world
        self.forger = Forger(world)
        self.marks, self.observations = FakeAuditMarks(), FakeObservations()
        self.pauses = 0
        self.reports: list[tuple[str, str]] = []
        world.clock.advance(seconds=LATER_S)

    def run(self) -> AuditTally:
        return verify_recent(
            RecentAudit(
                scan=FakeLedgerScan(self.world.store),
                marks=self.marks,
                observations=self.observations,
                committer=self.world.committer,
                clock=self.world.clock,
                pause_claims=self.pause,
                report=lambda name, facts: self.reports.append((name, str(facts.get("where", "")))),
            )
        )

    def pause(self) -> None:
        self.pauses += 1

    def next_hour(self) -> AuditTally:
        self.world.clock.advance(seconds=LATER_S)
        return self.run()

    def touch(self, account: str) -> None:
        self.world.give(account, "STARS", 1)

    def is_stopped(self, account: str) -> bool:
        return "withdraw" in self.world.committer.read_player(account).state.get("bans", {})


@pytest.fixture
def auditor() -> Auditor:
    return Auditor(busy_world())


def enrich(player):
    return {"balances": {**player.balances, "AIBA": player.balances["AIBA"] + 5}}


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
    auditor.forger.player("tg2", **enrich(honest))
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


def test_what_was_found_right_is_compared_even_when_it_is_not_read_again(auditor):
    auditor.run()
    auditor.touch("tg1")
    auditor.forger.player("tg1", **enrich(auditor.world.store.players["tg1"]))
    tally = auditor.next_hour()
    assert len(set(tally.violations)) == 1
    assert "invariant 4" in tally.violations[0]


def test_a_player_set_back_before_its_mark_is_found(auditor):
    auditor.run()
    auditor.touch("tg1")
    auditor.forger.player("tg1", seq=3)
    assert "invariant 4" in auditor.next_hour().violations[0]


def test_the_account_of_a_violation_can_claim_no_more_and_others_can(auditor):
    auditor.forger.player("tg2", **enrich(auditor.world.store.players["tg2"]))
    tally = auditor.run()
    assert (tally.stopped_accounts, auditor.pauses) == (1, 0)
    assert ("ledger_violation", "tg2") in auditor.reports
    with pytest.raises(Refused) as refused:
        auditor.world.committer.commit(
            account="tg2", key="tg2:c:x", fingerprint="f", decide=lambda _: None, scope="withdraw"
        )
    assert refused.value.code == "banned"
    assert not auditor.is_stopped("tg1")


def test_three_accounts_are_stopped_alone_and_a_fourth_stops_everybody(auditor):
    world = auditor.world
    accounts = ["tg1", "tg2", world.player_with_starter(3), world.player_with_starter(4)]
    world.clock.advance(seconds=LATER_S)
    for account in accounts[:3]:
        world.store.players[account] = replace(world.store.players[account], balances={"AIBA": 10**6})
    assert auditor.run().stopped_accounts == 3
    assert auditor.pauses == 0
    world.store.players[accounts[3]] = replace(world.store.players[accounts[3]], balances={"AIBA": 10**6})
    auditor.touch(accounts[3])
    tally = auditor.next_hour()
    assert (tally.stopped_accounts, auditor.pauses) == (1, 1)


def forged(auditor: Auditor, *numbers: int) -> list[str]:
    """Accounts whose last rows are six minutes apart, so in slices of their own, all with too much."""
    accounts = []
    for number in numbers:
        account = auditor.world.player_with_starter(number)
        auditor.world.give(account, "AIBA", 100)
        auditor.world.clock.advance(seconds=360)
        accounts.append(account)
    for account in accounts:
        auditor.forger.player(account, **enrich(auditor.world.store.players[account]))
    return accounts


def test_more_than_three_accounts_stop_everybody_in_however_many_slices_they_are_found(auditor):
    forged(auditor, 11, 12, 13, 14)
    auditor.world.clock.advance(seconds=LATER_S)
    tally = auditor.run()
    assert (tally.stopped_accounts, auditor.pauses) == (4, 1)


def test_three_accounts_in_three_slices_are_stopped_alone(auditor):
    forged(auditor, 11, 12, 13)
    auditor.world.clock.advance(seconds=LATER_S)
    assert (auditor.run().stopped_accounts, auditor.pauses) == (3, 0)


def test_more_than_three_accounts_stop_everybody_in_however_many_hours_they_are_found(auditor):
    forged(auditor, 11, 12)
    auditor.next_hour()
    forged(auditor, 13)
    auditor.next_hour()
    assert auditor.pauses == 0
    forged(auditor, 14)
    auditor.next_hour()
    assert auditor.pauses == 1


def test_a_lifted_stop_of_everybody_stays_lifted_until_something_new_is_found(auditor):
    forged(auditor, 11, 12, 13, 14)
    auditor.next_hour()
    for _ in range(3):
        assert len(set(auditor.next_hour().violations)) == 4
    assert auditor.pauses == 1
    forged(auditor, 15)
    auditor.next_hour()
    assert auditor.pauses == 2


def test_accounts_that_hold_again_count_no_more(auditor):
    accounts = forged(auditor, 11, 12, 13)
    auditor.next_hour()
    for account in accounts:
        player = auditor.world.store.players[account]
        auditor.forger.player(account, balances={**player.balances, "AIBA": player.balances["AIBA"] - 5})
    auditor.next_hour()
    forged(auditor, 14)
    assert (auditor.next_hour().stopped_accounts, auditor.pauses) == (1, 0)


def test_a_violation_at_another_place_stops_an_account_again_whose_stop_was_lifted(auditor):
    auditor.run()
    auditor.touch("tg2")
    auditor.forger.player("tg2", **enrich(auditor.world.store.players["tg2"]))
    auditor.next_hour()
    auditor.world.change("tg2", bans={})
    last = f"tg2:{auditor.world.store.players['tg2'].seq}"
    auditor.forger.row(last, lambda row: row.update(legs=[{"a": "tg2", "c": "STARS", "d": 1}]))
    assert auditor.next_hour().stopped_accounts == 1
    assert auditor.is_stopped("tg2")


def test_what_only_alarms_neither_counts_nor_hides_what_stops(auditor):
    where = auditor.forger.first("tg2", "buyBroker", ok=False)
    auditor.forger.row(where, lambda row: row["res"]["extra"].update(need="1"))
    auditor.run()
    assert auditor.marks.stored.suspects == {}
    auditor.touch("tg2")
    auditor.forger.player("tg2", **enrich(auditor.world.store.players["tg2"]))
    assert auditor.next_hour().stopped_accounts == 1


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
    shard = next(shard for shard in auditor.world.store.shards.values() if shard.id.startswith("AIBA:"))
    auditor.world.store.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.cap)
    auditor.run()
    assert list(auditor.marks.stored.suspects) == [shard.id]
    auditor.world.clock.advance(seconds=3 * 24 * HOUR_S)
    auditor.touch("tg1")
    auditor.next_hour()
    assert auditor.marks.stored.suspects == {}
    forged(auditor, 11)
    assert (auditor.next_hour().stopped_accounts, auditor.pauses) == (1, 1)


def test_a_budget_that_gave_less_than_rows_hold_stops_everybody(auditor):
    shard = next(shard for shard in auditor.world.store.shards.values() if shard.id.startswith("AIBA:"))
    auditor.world.store.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.cap)
    tally = auditor.run()
    assert (tally.has_paused_claims, auditor.pauses, tally.stopped_accounts) == (True, 1, 0)
    assert ("ledger_violation", shard.id) in auditor.reports


def test_holds_are_counted_once_over_all_runs(auditor):
    auditor.run()
    world = auditor.world
    world.battle("tg1", "later").answer()
    auditor.next_hour()
    for shard_id, held in auditor.marks.stored.held.items():
        shard = world.store.shards[shard_id]
        assert held == shard.cap - shard.available


def test_an_account_too_broken_for_a_row_stops_everybody(auditor):
    auditor.forger.player("tg1", balances={"AIBA": -1})
    tally = auditor.run()
    assert (tally.stopped_accounts, auditor.pauses) == (0, 1)


def test_a_lifted_stop_is_not_set_again_for_the_same_violation_but_the_alarm_goes_on(auditor):
    auditor.forger.player("tg2", **enrich(auditor.world.store.players["tg2"]))
    auditor.run()
    assert auditor.is_stopped("tg2")
    auditor.world.change("tg2", bans={})
    tally = auditor.next_hour()
    assert not auditor.is_stopped("tg2")
    assert tally.stopped_accounts == 0
    assert len(set(tally.violations)) == 1


def test_an_alarm_ends_when_the_documents_hold_again(auditor):
    honest = auditor.world.store.players["tg2"]
    auditor.forger.player("tg2", **enrich(honest))
    auditor.run()
    player = auditor.world.store.players["tg2"]
    auditor.forger.player("tg2", balances={**player.balances, "AIBA": player.balances["AIBA"] - 5})
    assert auditor.next_hour().violations == []
    assert auditor.marks.stored.suspects == {}


def test_a_false_refusal_alarms_and_stops_nobody(auditor):
    where = auditor.forger.first("tg2", "buyBroker", ok=False)
    auditor.forger.row(where, lambda row: row["res"]["extra"].update(need="1"))
    tally = auditor.run()
    assert "invariant 7" in tally.violations[0]
    assert (tally.stopped_accounts, auditor.pauses) == (0, 0)


def test_an_open_claim_is_known_across_runs(auditor):
    auditor.run()
    claim(auditor.world, "tg2", "c", credits=12)
    assert auditor.next_hour().violations == []
    assert list(auditor.marks.marks["tg2"].claims.values()) == [12]


def test_a_run_that_dies_in_between_is_done_again_by_the_next(auditor):
    class Dying(FakeLedgerScan):
        def players_with_ids(self, ids):
            raise Unavailable("the database went away")

    scan = Dying(auditor.world.store)
    recent = RecentAudit(
        scan,
        auditor.marks,
        auditor.observations,
        auditor.world.committer,
        auditor.world.clock,
        auditor.pause,
        lambda name, facts: None,
    )
    with pytest.raises(Unavailable):
        verify_recent(recent)
    assert auditor.run().rows == len(auditor.world.store.rows)


def test_a_long_backlog_is_worked_off_over_several_runs(auditor):
    class SlowClock:
        def now_ms(self) -> int:
            auditor.world.clock.advance(seconds=3)
            return auditor.world.clock.time_ms

    slow = RecentAudit(
        FakeLedgerScan(auditor.world.store),
        auditor.marks,
        auditor.observations,
        auditor.world.committer,
        SlowClock(),
        auditor.pause,
        lambda name, facts: None,
    )
    first = verify_recent(slow)
    assert first.behind_ms > HOUR_S * 1000
    runs = 1
    while verify_recent(slow).behind_ms > HOUR_S * 1000 + 700_000:
        runs += 1
    assert runs > 5
    assert set(auditor.marks.marks) == {"tg1", "tg2"}


@pytest.fixture(params=["fake", "mongo"])
def marks(request):
    if request.param == "fake":
        return FakeAuditMarks()
    return MongoAuditMarks(request.getfixturevalue("mongo_database"))


def test_marks_come_back_as_they_were_written(marks):
    mark = AuditMark("tg1", 7, "a" * 64, 2**41, {"AIBA": 2**62}, {"AIBA": 1}, {"c1": 1})
    assert marks.read(["tg1"]) == {}
    marks.write(mark)
    marks.write(replace(mark, seq=8))
    assert marks.read(["tg1", "tg2"]) == {"tg1": replace(mark, seq=8)}


def test_progress_comes_back_as_it_was_written(marks):
    assert marks.progress() == AuditProgress()
    progress = AuditProgress(2**41, {"AIBA@prediction:2026-11-22:0": 2**40}, {"tg1": frozenset({"4 tg1"})})
    marks.write_progress(progress)
    marks.write_progress(replace(progress, until_ms=2**41 + 1))
    assert marks.progress() == replace(progress, until_ms=2**41 + 1)


def test_the_hourly_audit_agrees_on_mongodb(mongo_database):
    from shared.adapters.mongo_indexes import ensure_indexes
    from shared.adapters.mongo_ledger import MongoLedgerStore

    ensure_indexes(mongo_database)
    world = busy_world(store=MongoLedgerStore(mongo_database))
    world.clock.advance(seconds=LATER_S)
    recent = RecentAudit(
        MongoLedgerScan(mongo_database),
        MongoAuditMarks(mongo_database),
        MongoObservations(mongo_database),
        world.committer,
        world.clock,
        lambda: None,
        lambda name, facts: None,
    )
    tally = verify_recent(recent)
    assert tally.violations == []
    assert (tally.accounts, tally.rows) == (2, mongo_database["ledger"].estimated_document_count())
