"""A hotfix passes over what is no danger to its code, never over what is, and stays findable with its reason."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from pymongo.database import Database
from typer.testing import CliRunner

from infra.local.serverless_file import read_service
from infra.ops.cli import app
from infra.ops.deploy import command
from infra.ops.deploy.deployment import Tools
from infra.ops.deploy.hotfix import ask_for_hotfix, commit_of, declared
from infra.ops.operation_records import Hotfix, OperationRecords
from infra.ops.preflight.checklist import BEFORE_DEPLOYING
from infra.ops.preflight.lines import CannotTell, Line, LineFailed
from infra.ops.preflight.stage import PROJECT, StageUnderCheck
from shared.domain.errors import Refused, Unavailable

ARN = "arn:aws:sts::111122223333:assumed-role/Operator/ann"
HOTFIX = Hotfix(at_ms=1_795_341_600_000, by=ARN, commit="ab" * 20, reason="claims answer 500, incident 12")
SAFE_TO_PASS_OVER = {
    "secrets_unread", "provider", "second_provider", "vault_caps", "vault_code_unknown", "vault_network_wrong",
    "vault_jetton_wrong", "vault_wallet_missing", "vault_key_unknown", "vault_inventory_short",
    "vault_inventory_low", "vault_ton_short", "vault_ton_low", "vault_recipients_high", "vault_paused",
    "vault_key_in_grace", "parameter_reads", "metrics", "backup", "restore_drill", "oracle_rotation_rehearsal",
    "runbook",
}  # fmt: skip
NEVER_PASSED_OVER = {
    "settings", "secret_store", "template", "admin_hash", "database", "indexes", "queries", "limiter",
    "concurrency",
}  # fmt: skip


class Sts:
    """AWS's answer to who asks."""

    def __call__(self, service: str) -> Sts:
        assert service == "sts"
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": ARN}


class NoSts(Sts):
    """A shell without credentials."""

    def get_caller_identity(self) -> dict[str, str]:
        raise NoCredentialsError


@pytest.fixture
def stage(mongo_uri: str, mongo_database: Database[dict[str, Any]]) -> StageUnderCheck:
    return StageUnderCheck(
        name="prod",
        is_local=False,
        service=read_service(PROJECT / "serverless.yml", stage="prod"),
        environments={"admin": {"MONGODB_DATABASE": mongo_database.name}},
        references={},
        api_url="",
        aws=Sts(),
        signer_role=str,
        secrets_changed_ms=dict,
        secret_store=str,
        now_ms=lambda: HOTFIX.at_ms,
        operator_uri=mongo_uri,
    )


def says_no(stage: StageUnderCheck) -> str:
    raise LineFailed(f"{stage.name} does not hold")


def cannot_tell(stage: StageUnderCheck) -> str:
    raise CannotTell(f"{stage.name} has none")


PASSING = Line("settings", "settings suffice", lambda _: "fine")
PAUSED = Line("vault_paused", "vault is not paused", says_no, is_go_live=True)
LATE = Line("backup", "a backup of the last day", says_no, is_go_live=True)
BROKEN = Line("indexes", "indexes exist", says_no)


def test_every_line_before_a_deployment_either_blocks_a_hotfix_or_is_passed_over() -> None:
    assert {line.id for line in BEFORE_DEPLOYING if line.is_go_live} == SAFE_TO_PASS_OVER
    assert {line.id for line in BEFORE_DEPLOYING if not line.is_go_live} == NEVER_PASSED_OVER


def test_a_hotfix_goes_over_go_live_lines_and_says_which(
    stage: StageUnderCheck, mongo_database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    assert ask_for_hotfix(stage, HOTFIX, lines=(PASSING, PAUSED, LATE), say=said.append) == 0
    table = capsys.readouterr().out
    assert "warn   vault is not paused" in table
    assert "1 passed, 0 failed, 2 warning, 0 cannot tell" in table
    assert HOTFIX.reason in said[0]
    assert "Passed over: vault_paused, backup" in said[0]
    assert OperationRecords(mongo_database).hotfixes() == [
        replace(HOTFIX, passed_over=("vault_paused", "backup"))
    ]


def test_what_makes_the_code_unsafe_refuses_a_hotfix_and_leaves_no_record(
    stage: StageUnderCheck, mongo_database: Database[dict[str, Any]]
) -> None:
    assert ask_for_hotfix(stage, HOTFIX, lines=(PAUSED, BROKEN), say=lambda _: None) == 1
    assert OperationRecords(mongo_database).hotfixes() == []


def test_a_line_that_cannot_tell_is_no_warning(
    stage: StageUnderCheck, mongo_database: Database[dict[str, Any]]
) -> None:
    line = Line("provider", "the provider", cannot_tell, is_go_live=True)
    assert ask_for_hotfix(stage, HOTFIX, lines=(line,), say=lambda _: None) == 0
    assert OperationRecords(mongo_database).hotfixes() == [HOTFIX]


def test_a_hotfix_that_cannot_be_recorded_is_not_made_and_no_address_is_told(stage: StageUnderCheck) -> None:
    said: list[str] = []
    away = replace(
        stage, operator_uri="mongodb://fake:fake-password@127.0.0.1:1/?serverSelectionTimeoutMS=100"
    )
    assert ask_for_hotfix(away, HOTFIX, lines=(PASSING,), say=said.append) == 2
    assert "could not be recorded" in said[0]
    assert "fake-password" not in said[0]


def test_a_later_hotfix_replaces_none_and_each_keeps_how_it_ended(
    mongo_uri: str, mongo_database: Database[dict[str, Any]]
) -> None:
    records = OperationRecords(mongo_database)
    later = replace(HOTFIX, at_ms=HOTFIX.at_ms + 1, reason="the fix of the fix, incident 12")
    for hotfix, code in ((HOTFIX, 1), (later, 0)):
        records.begin_hotfix(hotfix)
        records.end_hotfix(hotfix.id, exit_code=code)
    records.end_hotfix("hotfix:1", exit_code=2)
    assert records.hotfixes() == [replace(HOTFIX, exit_code=1), replace(later, exit_code=0)]
    told = CliRunner().invoke(
        app, ["db", "hotfixes", "--mongodb-uri", mongo_uri, "--database", mongo_database.name]
    )
    [first, second] = map(json.loads, told.stdout.splitlines())
    assert (first["began"], first["by"], first["exit_code"]) == ("2026-11-22T10:00:00+00:00", ARN, 1)
    assert second["reason"] == later.reason


@pytest.mark.parametrize("reason", ["", "   \n", "fix", "x" * 501])
def test_a_reason_that_says_nothing_or_a_novel_is_refused(reason: str) -> None:
    with pytest.raises(Refused, match="the incident and what the fix does"):
        declared(reason, aws=Sts(), project=PROJECT, now_ms=0)


def test_who_deploys_is_who_aws_says_it_is() -> None:
    assert declared(" claims answer\n500 ", aws=Sts(), project=PROJECT, now_ms=7) == Hotfix(
        7, ARN, commit_of(PROJECT), "claims answer 500"
    )
    with pytest.raises(Unavailable):
        declared(HOTFIX.reason, aws=NoSts(), project=PROJECT, now_ms=7)


def test_the_commit_is_the_one_that_lies_here_and_changed_files_are_told(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        given = ["git", "-c", "user.name=Fake", "-c", "user.email=fake@example.org", *words]
        return subprocess.run(given, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    assert commit_of(tmp_path) == "unknown"
    git("init", "-q")
    (tmp_path / "module.py").write_text("VALUE = 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "Begin")
    git("tag", "-a", "v1", "-m", "v1")
    commit = git("rev-parse", "HEAD")
    assert commit_of(tmp_path) == commit
    (tmp_path / "module.py").write_text("VALUE = 2\n")
    assert commit_of(tmp_path) == f"{commit}-dirty"


def test_without_an_operators_database_user_nothing_is_deployed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(command.OPERATOR_URI, raising=False)
    assert command.run_hotfix("prod", HOTFIX.reason) == 2
    assert "a hotfix is recorded in the stage's database. Nothing was deployed" in capsys.readouterr().err


def test_the_command_records_how_a_hotfix_ended(
    monkeypatch: pytest.MonkeyPatch, mongo_uri: str, mongo_database: Database[dict[str, Any]]
) -> None:
    monkeypatch.setenv(command.OPERATOR_URI, mongo_uri)
    monkeypatch.setattr(command, "aws_client", Sts())
    monkeypatch.setattr(command, "SERVICE", mongo_database.name.rpartition("_")[0])
    stage = mongo_database.name.rpartition("_")[2]

    def fails_after_asking(stage: str, tools: Tools) -> int:
        keywords = getattr(tools.ask_before, "keywords", {})
        OperationRecords(mongo_database).begin_hotfix(keywords["hotfix"])
        return 3

    monkeypatch.setattr(command, "deploy", fails_after_asking)
    told = CliRunner().invoke(app, ["deploy", "--stage", stage, "--hotfix", HOTFIX.reason])
    assert told.exit_code == 3
    [recorded] = OperationRecords(mongo_database).hotfixes()
    assert (recorded.by, recorded.reason, recorded.exit_code) == (ARN, HOTFIX.reason, 3)
