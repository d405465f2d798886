"""`./arena oracle rotate --rehearse`: real claims around a rotation on a real local chain, recorded for preflight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from infra.ops.operation_records import ROTATION_REHEARSAL, OperationRecords
from infra.ops.oracle.perform import DONE, RotateOptions, rehearse
from infra.ops.story import StepFailed

pytestmark = pytest.mark.slow


def options(data_dir: Path, uri: str, *, is_emergency: bool) -> RotateOptions:
    return RotateOptions(
        stage="dev",
        is_emergency=is_emergency,
        grace_s=3600,
        is_patient=True,
        as_json=False,
        mongodb_uri=uri,
        data_dir=data_dir,
    )


@pytest.mark.parametrize(
    ("is_emergency", "promises"),
    [
        (
            False,
            [
                "a claim signed by the old key was paid within the grace",
                "a claim was signed by the new key, and paid",
                "a signature of the old key, still valid by its time, pays nothing",
                "KMS refuses to sign with the old key",
            ],
        ),
        (
            True,
            [
                "A claim asked for meanwhile waits unsigned",
                "While paused: a signature of the old key pays nothing",
                "After resuming: a signature of the old key pays nothing",
                "The claim that waited was signed by the new key, and paid",
            ],
        ),
    ],
    ids=["routine", "emergency"],
)
def test_a_rehearsal_pays_what_it_must_refunds_the_rest_and_is_recorded(
    tmp_path: Path,
    mongo_uri: str,
    mongo_database: Database[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    is_emergency: bool,
    promises: list[str],
) -> None:
    chosen = options(tmp_path, mongo_uri, is_emergency=is_emergency)
    assert rehearse(chosen, database=mongo_database.name) == DONE
    told = capsys.readouterr().out
    assert [promise for promise in promises if promise not in told] == []
    assert "Unpaid claims are refunded, and what left the ledger is what arrived on chain" in told
    record = OperationRecords(mongo_database).latest(ROTATION_REHEARSAL)
    assert record is not None
    assert record.is_success
    assert record.duration_ms > 0
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_that_fails_is_recorded_as_failed(
    tmp_path: Path,
    mongo_uri: str,
    mongo_database: Database[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StepFailed("the vault paid twice")

    monkeypatch.setattr("infra.ops.oracle.perform.Rehearsal", fail)
    monkeypatch.setattr("infra.ops.oracle.perform.Stack", NoStack)
    assert rehearse(options(tmp_path, mongo_uri, is_emergency=False), database=mongo_database.name) == 1
    assert "FAILED after step 0: the vault paid twice" in capsys.readouterr().out
    record = OperationRecords(mongo_database).latest(ROTATION_REHEARSAL)
    assert record is not None
    assert not record.is_success


class NoStack:
    """Starts nothing: this test is about what becomes of a failure."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def start(self, *_: object) -> None:
        pass

    def stop(self) -> None:
        pass
