"""Whose claims a violation stops: the account's own, and everybody's once it is more than three."""

from __future__ import annotations

import pytest

from shared.domain.errors import Refused
from tests.services.audit.auditor import LATER_S


def test_the_account_of_a_violation_can_claim_no_more_and_others_can(auditor):
    auditor.enrich("tg2")
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
        auditor.forger.player(account, balances={"AIBA": 10**6})
    assert auditor.run().stopped_accounts == 3
    assert auditor.pauses == 0
    auditor.forger.player(accounts[3], balances={"AIBA": 10**6})
    auditor.touch(accounts[3])
    tally = auditor.next_hour()
    assert (tally.stopped_accounts, auditor.pauses) == (1, 1)


def test_more_than_three_accounts_stop_everybody_in_however_many_slices_they_are_found(auditor):
    auditor.rich_accounts(11, 12, 13, 14)
    auditor.world.clock.advance(seconds=LATER_S)
    tally = auditor.run()
    assert (tally.stopped_accounts, auditor.pauses) == (4, 1)


def test_three_accounts_in_three_slices_are_stopped_alone(auditor):
    auditor.rich_accounts(11, 12, 13)
    auditor.world.clock.advance(seconds=LATER_S)
    assert (auditor.run().stopped_accounts, auditor.pauses) == (3, 0)


def test_more_than_three_accounts_stop_everybody_in_however_many_hours_they_are_found(auditor):
    auditor.rich_accounts(11, 12)
    auditor.next_hour()
    auditor.rich_accounts(13)
    auditor.next_hour()
    assert auditor.pauses == 0
    auditor.rich_accounts(14)
    auditor.next_hour()
    assert auditor.pauses == 1


def test_an_account_too_broken_for_a_row_stops_everybody(auditor):
    auditor.forger.player("tg1", balances={"AIBA": -1})
    tally = auditor.run()
    assert (tally.stopped_accounts, auditor.pauses) == (0, 1)


def test_what_only_alarms_neither_counts_nor_hides_what_stops(auditor):
    where = auditor.forger.first("tg2", "buyBroker", ok=False)
    auditor.forger.row(where, lambda row: row["res"]["extra"].update(need="1"))
    auditor.run()
    assert auditor.marks.stored.suspects == {}
    auditor.touch("tg2")
    auditor.enrich("tg2")
    assert auditor.next_hour().stopped_accounts == 1


def test_a_false_refusal_alarms_and_stops_nobody(auditor):
    where = auditor.forger.first("tg2", "buyBroker", ok=False)
    auditor.forger.row(where, lambda row: row["res"]["extra"].update(need="1"))
    tally = auditor.run()
    assert "invariant 7" in tally.violations[0]
    assert (tally.stopped_accounts, auditor.pauses) == (0, 0)
