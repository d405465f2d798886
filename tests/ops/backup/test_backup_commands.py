"""`./arena backup` and `./arena restore-drill`: what they record, count and say."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from typer.testing import CliRunner

from infra.ops.backup.archive import chunk_path, load_manifest, save_manifest
from infra.ops.backup.command import DataSource, run_backup, run_drill
from infra.ops.cli import app
from infra.ops.operation_records import BACKUP, RESTORE_DRILL, OperationRecords
from tests.ops.backup.exporting import drills_left, export


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


def test_what_an_interruption_left_days_ago_does_not_become_the_backup_of_today(
    world, mongo_database, mongo_uri, tmp_path, monkeypatch
):
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    begun = tmp_path / "backups" / f"{mongo_database.name}-20260101T000000Z"
    manifest = export(mongo_database, begun)
    days_ago_ms = time.time_ns() // 1_000_000 - 2 * 86_400_000
    save_manifest(begun, replace(manifest, began_ms=days_ago_ms, ended_ms=0, whole=()))
    where = ["--mongodb-uri", mongo_uri, "--database", mongo_database.name]
    assert CliRunner().invoke(app, ["backup", *where]).exit_code == 0
    _, second = sorted((tmp_path / "backups").iterdir())
    assert [bool(load_manifest(each).ended_ms) for each in (begun, second)] == [False, True]


def test_a_drill_without_any_backup_says_what_is_missing(mongo_uri, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    result = CliRunner().invoke(app, ["restore-drill", "--mongodb-uri", mongo_uri, "--database", "nobody"])
    assert result.exit_code == 2
    assert "no finished backup of nobody" in result.output
