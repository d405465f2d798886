"""A backup is whole or says so, and goes on where it stopped."""

from __future__ import annotations

import datetime
import resource
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from bson import Binary, Int64, ObjectId
from bson.decimal128 import Decimal128

from infra.ops.backup.archive import read_chunk, save_manifest, write_chunk
from infra.ops.backup.command import run_backup
from infra.ops.backup.export import collections_of
from infra.ops.backup.restore import restore_database
from infra.ops.verify_ledger import verify_database
from shared.domain.errors import Refused, Unavailable
from tests.ops.backup.exporting import export


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


def test_a_finished_backup_is_never_written_over(source, tmp_path, capsys):
    assert run_backup(source, tmp_path / "b") == 0
    assert run_backup(source, tmp_path / "b") == 2
    assert "finished backup already" in capsys.readouterr().err


def test_two_databases_do_not_share_a_folder(world, mongo_database, scratch, tmp_path):
    manifest = export(mongo_database, tmp_path)
    save_manifest(tmp_path, replace(manifest, ended_ms=0))
    with pytest.raises(Refused, match="a backup of"):
        export(scratch, tmp_path)


@pytest.mark.parametrize("ids", [[7, "a"], ["a", ObjectId("0123456789abcdef01234567")]])
def test_ids_that_the_order_could_skip_are_refused(mongo_database, tmp_path, ids):
    mongo_database["things"].insert_many([{"_id": value} for value in ids])
    with pytest.raises(Refused) as caught:
        export(mongo_database, tmp_path, size=1)
    assert caught.value.code == "id_not_text"
