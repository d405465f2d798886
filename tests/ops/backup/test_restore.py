"""A backup becomes a database again, and a drill loads only a server that somebody named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.ops.backup.command import run_backup
from infra.ops.chosen_database import is_on_this_machine
from infra.ops.cli import app
from tests.ops.backup.exporting import export

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
