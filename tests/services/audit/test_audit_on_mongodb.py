"""What the hourly audit remembers and reads, on MongoDB's wire protocol as on the fakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_audit_marks import MongoAuditMarks
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.adapters.mongo_observations import MongoObservations
from shared.ports.audit import AuditMark, AuditProgress
from tests.fakes.audit import FakeAuditMarks
from tests.services.audit.auditor import Auditor
from tests.services.audited_world import busy_world
from tests.services.conftest import Part


@pytest.fixture
def marks(part: Part) -> Any:
    return part(FakeAuditMarks, MongoAuditMarks)


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
    ensure_indexes(mongo_database)
    auditor = Auditor(busy_world(store=MongoLedgerStore(mongo_database)))
    tally = auditor.run(
        scan=MongoLedgerScan(mongo_database),
        marks=MongoAuditMarks(mongo_database),
        observations=MongoObservations(mongo_database),
    )
    assert tally.violations == []
    assert (tally.accounts, tally.rows) == (2, mongo_database["ledger"].estimated_document_count())
