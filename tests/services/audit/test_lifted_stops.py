"""A stop that an administrator lifted stays lifted, and an alarm ends, until something new is found."""

from __future__ import annotations


def test_a_lifted_stop_of_everybody_stays_lifted_until_something_new_is_found(auditor):
    auditor.rich_accounts(11, 12, 13, 14)
    auditor.next_hour()
    for _ in range(3):
        assert len(set(auditor.next_hour().violations)) == 4
    assert auditor.pauses == 1
    auditor.rich_accounts(15)
    auditor.next_hour()
    assert auditor.pauses == 2


def test_a_lifted_stop_is_not_set_again_for_the_same_violation_but_the_alarm_goes_on(auditor):
    auditor.enrich("tg2")
    auditor.run()
    assert auditor.is_stopped("tg2")
    auditor.world.change("tg2", bans={})
    tally = auditor.next_hour()
    assert not auditor.is_stopped("tg2")
    assert tally.stopped_accounts == 0
    assert len(set(tally.violations)) == 1


def test_a_violation_at_another_place_stops_an_account_again_whose_stop_was_lifted(auditor):
    auditor.run()
    auditor.touch("tg2")
    auditor.enrich("tg2")
    auditor.next_hour()
    auditor.world.change("tg2", bans={})
    last = f"tg2:{auditor.world.store.players['tg2'].seq}"
    auditor.forger.row(last, lambda row: row.update(legs=[{"a": "tg2", "c": "STARS", "d": 1}]))
    assert auditor.next_hour().stopped_accounts == 1
    assert auditor.is_stopped("tg2")


def test_accounts_that_hold_again_count_no_more(auditor):
    accounts = auditor.rich_accounts(11, 12, 13)
    auditor.next_hour()
    for account in accounts:
        auditor.take_back(account)
    auditor.next_hour()
    auditor.rich_accounts(14)
    assert (auditor.next_hour().stopped_accounts, auditor.pauses) == (1, 0)


def test_an_alarm_ends_when_the_documents_hold_again(auditor):
    auditor.enrich("tg2")
    auditor.run()
    auditor.take_back("tg2")
    assert auditor.next_hour().violations == []
    assert auditor.marks.stored.suspects == {}
