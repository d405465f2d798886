"""The contract of what a signer writes down, on the fakes and on MongoDB's wire protocol alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_signing import MongoSignerAudit, MongoSignerLimits, MongoSigningJournal
from shared.ports.signing import JournalEntry
from tests.at_once import at_once
from tests.fakes.signing import FakeSignerAudit, FakeSignerLimits, FakeSigningJournal
from tests.services.conftest import Part

ENTRY = JournalEntry("-3:v:r:1", "c1", "intent", "ab" * 32, 1_795_000_600)


@pytest.fixture
def journal(part: Part) -> Any:
    return part(FakeSigningJournal, MongoSigningJournal)


def test_a_journal_entry_is_inserted_once(journal):
    assert journal.read(ENTRY.id) is None
    assert journal.insert(ENTRY)
    assert not journal.insert(replace(ENTRY, claim_id="other", state="void"))
    assert journal.read(ENTRY.id) == ENTRY


def test_a_journal_entry_changes_only_from_the_generation_that_was_read(journal):
    journal.insert(ENTRY)
    signed = replace(ENTRY, state="signed", signature="c2ln", generation=2)
    assert journal.replace(signed, expected_generation=1)
    assert not journal.replace(replace(ENTRY, state="void", generation=2), expected_generation=1)
    assert journal.read(ENTRY.id) == signed


def test_of_a_signer_and_a_refunder_at_once_one_wins(journal):
    states = ("intent", "void") * 3
    won = at_once(6, lambda number: journal.insert(replace(ENTRY, state=states[number])))
    assert sum(won) == 1
    assert journal.read(ENTRY.id).state == states[won.index(True)]


@pytest.fixture
def limits(part: Part) -> Any:
    return part(FakeSignerLimits, MongoSignerLimits)


def test_the_signers_day_ends_at_its_cap_and_the_next_begins_anew(limits):
    assert limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)
    assert not limits.take(day="2026-11-22", claim_id="c2", credits=41, cap=100)
    assert limits.take(day="2026-11-22", claim_id="c3", credits=40, cap=100)
    assert limits.take(day="2026-11-23", claim_id="c4", credits=100, cap=100)


def test_a_cap_lowered_during_the_day_holds_at_once(limits):
    limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)
    assert not limits.take(day="2026-11-22", claim_id="c2", credits=1, cap=60)


def test_a_claim_asked_for_again_and_again_counts_once(limits):
    for _ in range(5):
        assert limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)
    assert limits.take(day="2026-11-22", claim_id="c2", credits=40, cap=100)
    assert not limits.take(day="2026-11-22", claim_id="c3", credits=1, cap=100)
    assert limits.take(day="2026-11-22", claim_id="c1", credits=60, cap=100)


def test_many_signers_at_once_never_pass_the_cap(limits):
    allowed = at_once(
        8, lambda number: limits.take(day="2026-11-22", claim_id=f"c{number // 2}", credits=30, cap=100)
    )
    by_claim = {number // 2 for number, is_allowed in enumerate(allowed) if is_allowed}
    assert len(by_claim) == 3
    assert not limits.take(day="2026-11-22", claim_id="c9", credits=11, cap=100)


def test_every_decision_of_the_signer_is_kept(part, request):
    audit = part(FakeSignerAudit, MongoSignerAudit)
    for number in range(3):
        audit.append({"_id": f"a{number}", "decision": "refused", "rule": "kill_switch"})
    if isinstance(audit, FakeSignerAudit):
        assert len(audit.records) == 3
    else:
        assert len(list(request.getfixturevalue("mongo_database")["signer_audit"].find({}))) == 3
