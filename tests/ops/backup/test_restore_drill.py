"""A drill restores what a backup holds, and believes nothing that it cannot prove."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.ops.backup.archive import chunk_path, load_manifest, save_manifest
from infra.ops.backup.command import run_backup, run_drill
from infra.ops.backup.restore import compare_digests, restore_database
from infra.ops.operation_records import RESTORE_DRILL, OperationRecords
from shared.domain.errors import InvariantBroken, Refused
from tests.ops.backup.exporting import drills_left, export


@pytest.mark.parametrize("harm", ["changed", "cut", "missing", "swapped"])
def test_a_damaged_chunk_is_named_and_nothing_is_believed(
    source, mongo_database, mongo_client, tmp_path, capsys, harm
):
    manifest = export(mongo_database, tmp_path)
    path = chunk_path(tmp_path, "ledger", 2)
    content = bytearray(path.read_bytes())
    if harm == "changed":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "missing":
        path.unlink()
    else:
        path.write_bytes(chunk_path(tmp_path, "ledger", 1).read_bytes())
    assert len(manifest.chunks["ledger"]) >= 2
    assert run_drill(source, tmp_path, scratch_uri=None) == 2
    assert "ledger/000002.jsonl.gz" in capsys.readouterr().err
    assert drills_left(mongo_client) == []
    assert OperationRecords(mongo_database).latest(RESTORE_DRILL) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"digest": 1, "documents": 2, "chunks": {}}'])
def test_a_manifest_that_is_none_is_refused(source, tmp_path, text, capsys):
    (tmp_path / "manifest.json").write_text(text)
    assert run_drill(source, tmp_path, scratch_uri=None) == 2
    assert "manifest.json" in capsys.readouterr().err


def test_a_manifest_with_a_changed_digest_does_not_add_up(world, mongo_database, tmp_path):
    manifest = export(mongo_database, tmp_path)
    chunks = manifest.chunks["players"]
    forged = replace(manifest, chunks={**manifest.chunks, "players": (replace(chunks[0], digest="00" * 32),)})
    text = (tmp_path / "manifest.json").read_text().replace(chunks[0].digest, "00" * 32)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(Refused, match="does not add up"):
        load_manifest(tmp_path)
    assert forged.digest != manifest.digest


def test_an_unfinished_backup_is_not_restored(source, mongo_database, tmp_path, capsys):
    manifest = export(mongo_database, tmp_path)
    save_manifest(tmp_path, replace(manifest, ended_ms=0))
    assert run_drill(source, tmp_path, scratch_uri=None) == 2
    assert "is not finished" in capsys.readouterr().err


def test_a_folder_without_a_backup_is_refused(source, tmp_path, capsys):
    assert run_drill(source, tmp_path, scratch_uri=None) == 2
    assert "holds no backup" in capsys.readouterr().err


def test_a_ledger_that_does_not_hold_fails_the_drill_and_is_recorded_so(
    source, mongo_database, mongo_client, tmp_path, capsys
):
    mongo_database["ledger"].update_one({"_id": "tg1:4"}, {"$set": {"kind": "gift"}})
    assert run_backup(source, tmp_path / "b") == 0
    assert run_drill(source, tmp_path / "b", scratch_uri=None) == 1
    assert "DOES NOT RESTORE" in capsys.readouterr().err
    assert OperationRecords(mongo_database).latest(RESTORE_DRILL).is_success is False
    assert drills_left(mongo_client) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda database: database["ledger"].update_one({"_id": "tg1:1"}, {"$set": {"ts": 1}}),
        lambda database: database["ledger"].delete_one({"_id": "tg1:1"}),
        lambda database: database["ledger"].insert_one({"_id": "zz"}),
        lambda database: database["players"].insert_one({"_id": "!"}),
    ],
    ids=["changed", "gone", "more behind", "more before"],
)
def test_a_restored_database_that_differs_anywhere_is_found_out(
    world, mongo_database, scratch, tmp_path, change
):
    manifest = export(mongo_database, tmp_path)
    restore_database(tmp_path, manifest, scratch, progress=lambda *_: None)
    compare_digests(manifest, scratch)
    change(scratch)
    with pytest.raises(InvariantBroken):
        compare_digests(manifest, scratch)


def test_nothing_is_restored_into_a_database_that_holds_something(world, mongo_database, tmp_path):
    manifest = export(mongo_database, tmp_path)
    with pytest.raises(Refused, match="is not empty"):
        restore_database(tmp_path, manifest, mongo_database, progress=lambda *_: None)
