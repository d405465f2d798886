"""What `./arena oracle rotate` says while it waits, and of options that are wrong."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from infra.ops.oracle.telling import StillWaiting, Telling
from infra.ops.oracle_commands import app
from tests.ops.oracle.oracle_stage import OracleStage


def test_told_not_to_wait_the_command_says_what_it_waits_for_and_goes_on_later(
    stage: OracleStage, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StillWaiting):
        stage.rotate(Telling(as_json=True, is_patient=False))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["began", "done", "waiting"]
    assert lines[-1]["message"]["deepLink"].startswith("ton://transfer/")
    assert stage.rotate().done[-1] == "disable"


def test_a_person_is_shown_the_message_to_sign(
    stage: OracleStage, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StillWaiting):
        stage.rotate(Telling(as_json=False, is_patient=False))
    text = capsys.readouterr().out
    assert "1/5  done: create the new key in KMS" in text
    assert "ton://transfer/" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--stage", "production"],
        ["--stage", "prod", "--grace-s", "1199"],
        ["--stage", "prod", "--grace-s", "3601"],
    ],
)
def test_a_wrong_option_is_a_sentence(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["rotate", *arguments])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_without_aws_the_command_says_so_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "fake")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = CliRunner().invoke(app, ["rotate", "--stage", "prod", "--once"])
    assert result.exit_code == 2
    assert "nothing beyond the last finished step is changed" in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
