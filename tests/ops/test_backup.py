"""A backup is whole or says so, goes on where it stopped, and a drill believes nothing that it cannot prove."""

from __future__ import annotations

import datetime
import json
import resource
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bson import Binary, Int64, ObjectId
from bson.decimal128 import Decimal128
from typer.testing import CliRunner

from infra.ops.backup.archive import chunk_path, load_manifest, read_chunk, save_manifest, write_chunk
from infra.ops.backup.command import DataSource, run_backup, run_drill
from infra.ops.backup.export import collections_of, export_database
from infra.ops.backup.restore import compare_digests, restore_database
from infra.ops.chosen_database import is_on_this_machine
from infra.ops.cli import app
from infra.ops.operation_records import BACKUP, RESTORE_DRILL, OperationRecords
from infra.ops.verify_ledger import verify_database
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.domain.errors import InvariantBroken, Refused, Unavailable
from tests.services.audited_world import busy_world

NOW_MS = 2_000_000_000_000


@pytest.fixture
def world(mongo_database):
    ensure_indexes(mongo_database)
    return busy_world(store=MongoLedgerStore(mongo_database))


@pytest.fixture
def source(world, mongo_database, mongo_uri) -> DataSource:
    return DataSource(mongo_uri, mongo_database.name, as_json=False)


@pytest.fixture
def scratch(mongo_client) -> Iterator[Any]:
    name = f"arena_test_{secrets.token_hex(6)}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


def export(database: Any, folder: Path, *, progress: Any = lambda *_: None, size: int = 3) -> Any:
    return export_database(database, folder, now_ms=lambda: NOW_MS, progress=progress, chunk_documents=size)


def drills_left(client: Any) -> list[str]:
    return [name for name in client.list_database_names() if "_drill_" in name]


def test_a_backup_restores_its_ledger_holds_and_both_are_recorded(
    source, mongo_database, mongo_client, tmp_path, capsys
):
    assert run_backup(source, tmp_path / "b") == 0
    assert run_drill(source, tmp_path / "b", scratch_uri=None) == 0
    said = capsys.readouterr().out
    rows = mongo_database["ledger"].count_documents({})
    assert f"ledgerRows {rows}" in said
    records = OperationRecords(mongo_database)
    assert all(records.latest(name).is_success for name in (BACKUP, RESTORE_DRILL))
    assert drills_left(mongo_client) == []


def test_the_json_counts_every_collection(source, mongo_database, tmp_path, capsys):
    assert run_backup(replace(source, as_json=True), tmp_path / "b") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["ledger"] == mongo_database["ledger"].count_documents({})
    assert found["documents"] == sum(found["counts"].values())
    assert found["digest"] == load_manifest(tmp_path / "b").digest


def test_every_bson_type_comes_back_from_a_file_as_it_was(tmp_path):
    documents = [
        {
            "_id": "a",
            "int": 1,
            "long": Int64(2**60),
            "double": 0.1,
            "text": 'ä\u2028\x85\x1c\n\r"\\ \U0001f600',
            "when": datetime.datetime(2026, 11, 22, 1, 2, 3, 4000),
            "bytes": b"\x00\xff",
            "digest": Binary(b"\x01", 5),
            "id": ObjectId("0123456789abcdef01234567"),
            "money": Decimal128("1.50"),
            "nothing": None,
            "list": [True, {"z": 1, "a": [2]}],
        },
        {"_id": "b"},
    ]
    chunk = write_chunk(tmp_path, "things", 1, documents)
    back = read_chunk(tmp_path, "things", 1, chunk)
    assert repr(back) == repr(documents)
    assert list(back[0]) == list(documents[0])


def test_a_backup_interrupted_behind_every_chunk_is_the_same_as_one_that_was_not(
    world, mongo_database, tmp_path
):
    whole = export(mongo_database, tmp_path / "whole")

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    cuts, manifest = 0, None
    while manifest is None:
        try:
            manifest = export(mongo_database, tmp_path / "cut", progress=cut)
        except KeyboardInterrupt:
            cuts += 1
    assert cuts >= 4
    assert manifest == whole


def test_going_on_copies_nothing_twice(world, mongo_database, tmp_path):
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(mongo_database, tmp_path, progress=cut)
    former = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.gz")}
    assert former
    export(mongo_database, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in former} == former


def test_what_is_played_during_a_backup_does_not_spoil_it(
    world, mongo_database, mongo_uri, scratch, tmp_path
):
    played: list[str] = []

    def play(collection: str, _: int) -> None:
        if len(played) < 6:
            world.clock.advance(seconds=3600)
            world.battle("tg1", f"during-{len(played)}").answer()
            played.append(collection)

    manifest = export(mongo_database, tmp_path, progress=play, size=1)
    assert {"players", "ledger"} <= set(played)
    restore_database(tmp_path, manifest, scratch, progress=lambda *_: None)
    assert verify_database(mongo_uri, scratch.name, now_ms=world.clock.now_ms()).violations == []


def test_rows_are_copied_behind_what_follows_from_them_and_before_what_they_took_from(world, mongo_database):
    names = collections_of(mongo_database)
    assert names.index("players") < names.index("ledger") < names.index("budget")


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond this: the system answers a write as it would on a full disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def test_a_full_disk_is_said_keeps_what_is_complete_and_the_backup_goes_on(mongo_database, tmp_path):
    noise = [{"_id": f"{number:04}", "noise": secrets.token_hex(2000)} for number in range(6)]
    mongo_database["things"].insert_many(noise[:2])
    mongo_database["things"].insert_many([{**noise[2], "noise": secrets.token_hex(20_000)}, *noise[3:]])
    with files_at_most(12_000), pytest.raises(Unavailable) as caught:
        export(mongo_database, tmp_path, size=2)
    assert caught.value.code == "disk_full"
    assert "make room and repeat the command" in caught.value.detail
    assert [path.name for path in tmp_path.rglob("*.gz*")] == ["000001.jsonl.gz"]
    manifest = export(mongo_database, tmp_path, size=2)
    assert manifest.documents == 6


def test_a_full_disk_ends_the_command_with_a_sentence(source, tmp_path, capsys):
    with files_at_most(100):
        assert run_backup(source, tmp_path / "b") == 2
    said = capsys.readouterr().err
    assert "no room left for" in said
    assert "Traceback" not in said


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


def test_a_finished_backup_is_never_written_over(source, tmp_path, capsys):
    assert run_backup(source, tmp_path / "b") == 0
    assert run_backup(source, tmp_path / "b") == 2
    assert "finished backup already" in capsys.readouterr().err


def test_two_databases_do_not_share_a_folder(world, mongo_database, scratch, tmp_path):
    manifest = export(mongo_database, tmp_path)
    save_manifest(tmp_path, replace(manifest, ended_ms=0))
    with pytest.raises(Refused, match="a backup of"):
        export(scratch, tmp_path)


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


@pytest.mark.parametrize("ids", [[7, "a"], ["a", ObjectId("0123456789abcdef01234567")]])
def test_ids_that_the_order_could_skip_are_refused(mongo_database, tmp_path, ids):
    mongo_database["things"].insert_many([{"_id": value} for value in ids])
    with pytest.raises(Refused) as caught:
        export(mongo_database, tmp_path, size=1)
    assert caught.value.code == "id_not_text"


def test_a_database_that_does_not_answer_ends_with_a_sentence_and_no_address(tmp_path, capsys):
    nobody = DataSource(
        "mongodb://fake-user:fake-password@127.0.0.1:1/?serverSelectionTimeoutMS=100", "x", False
    )
    assert run_backup(nobody, tmp_path / "b") == 2
    said = capsys.readouterr().err
    assert "ServerSelectionTimeoutError" in said
    assert "fake-password" not in said


def test_the_commands_go_on_with_the_unfinished_folder_and_drill_the_newest(
    world, mongo_database, mongo_uri, tmp_path, monkeypatch
):
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    backups, where = tmp_path / "backups", ["--mongodb-uri", mongo_uri, "--database", mongo_database.name]
    begun = backups / f"{mongo_database.name}-20260101T000000Z"
    save_manifest(begun, replace(export(mongo_database, begun), ended_ms=0, whole=()))
    for _ in range(2):
        result = CliRunner().invoke(app, ["backup", *where])
        assert result.exit_code == 0, result.output
    first, second = sorted(backups.iterdir())
    assert first == begun
    assert load_manifest(first).ended_ms
    result = CliRunner().invoke(app, ["restore-drill", *where])
    assert result.exit_code == 0, result.output
    chunk_path(second, "ledger", 1).unlink()
    assert CliRunner().invoke(app, ["restore-drill", *where]).exit_code == 2


def test_a_drill_without_any_backup_says_what_is_missing(mongo_uri, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    result = CliRunner().invoke(app, ["restore-drill", "--mongodb-uri", mongo_uri, "--database", "nobody"])
    assert result.exit_code == 2
    assert "no finished backup of nobody" in result.output


ELSEWHERE = [
    "mongodb+srv://fake-user:fake-password@cluster0.example.net/",
    "mongodb://fake-user:fake-password@10.0.0.7:27017/",
    "mongodb://127.0.0.1:1,db.example.net:27017/",
]


@pytest.mark.parametrize("uri", ELSEWHERE)
def test_a_drill_never_loads_a_server_that_is_elsewhere_without_being_told(
    world, mongo_database, tmp_path, uri
):
    export(mongo_database, tmp_path)
    where = ["--mongodb-uri", uri, "--database", mongo_database.name, "--from", str(tmp_path)]
    result = CliRunner().invoke(app, ["restore-drill", *where])
    assert result.exit_code == 2
    assert "--scratch-uri" in result.output
    assert "fake-password" not in result.output


@pytest.mark.parametrize("yes", [["--scratch-uri", "mongodb://127.0.0.1:1"], ["--on-its-own-server"]])
def test_a_drill_elsewhere_runs_once_somebody_said_where(world, mongo_database, tmp_path, monkeypatch, yes):
    asked = []
    monkeypatch.setattr(
        "infra.ops.backup.command.run_drill", lambda *_, scratch_uri: asked.append(scratch_uri) or 0
    )
    export(mongo_database, tmp_path)
    where = ["--mongodb-uri", ELSEWHERE[0], "--database", mongo_database.name, "--from", str(tmp_path)]
    assert CliRunner().invoke(app, ["restore-drill", *where, *yes]).exit_code == 0
    assert asked == [yes[1] if len(yes) == 2 else None]


@pytest.mark.parametrize("host", ["127.0.0.1:27017", "localhost:1", "[::1]:27017"])
def test_this_machine_is_told_by_its_loopback_names(host):
    assert is_on_this_machine(f"mongodb://{host}/?directConnection=true")


def restored(folder: Path, uri: str, database: str) -> Any:
    words = ["restore", "--from", str(folder), "--mongodb-uri", uri, "--database", database]
    return CliRunner().invoke(app, words)


def test_a_backup_becomes_a_database_again_with_its_indexes_and_only_an_empty_one_is_taken(
    source, mongo_database, mongo_uri, scratch, tmp_path
):
    assert run_backup(source, tmp_path / "b") == 0
    result = restored(tmp_path / "b", mongo_uri, scratch.name)
    assert result.exit_code == 0, result.output
    copied, original = (list(each["ledger"].find().sort("_id")) for each in (scratch, mongo_database))
    assert copied == original
    assert any(tuple(index["key"]) == ("k",) for index in scratch["ledger"].list_indexes())
    before = scratch["ledger"].count_documents({})
    again = restored(tmp_path / "b", mongo_uri, scratch.name)
    assert (again.exit_code, "is not empty" in again.stderr) == (2, True)
    assert scratch["ledger"].count_documents({}) == before


def test_a_restored_ledger_that_does_not_hold_is_told_not_to_be_used(
    source, mongo_database, mongo_uri, scratch, tmp_path
):
    mongo_database["ledger"].update_one({"_id": "tg1:4"}, {"$set": {"kind": "gift"}})
    assert run_backup(source, tmp_path / "b") == 0
    result = restored(tmp_path / "b", mongo_uri, scratch.name)
    assert (result.exit_code, "let nobody use" in result.stderr) == (1, True)
