"""What an operator mistypes, or a machine refuses, is a sentence that says what to do; never a traceback or a secret."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pymongo.errors import (
    ConfigurationError,
    InvalidName,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from typer.testing import CliRunner

from infra.ops.cli import app, main
from infra.ops.driver_errors import reason
from infra.ops.fairness_commands import deployed_settings
from shared.domain.errors import Unavailable

SINCE = ("--since", "2026-11-22T10:00Z")
VAULT = ("--vault", "0:" + "fa4e0002" * 8, "--network", "mainnet")
WITH_A_STAGE = [
    ("ledger", "reconcile", *SINCE),
    ("oracle", "restore-policy"),
    ("oracle", "rotate"),
    ("fairness", "open-epoch", "--note", "a note"),
    ("rotate", "session-keys"),
    ("rotate", "admin-secret"),
    ("rotate", "battle-secret"),
]
WITH_A_DATABASE = [
    ("backup",),
    ("restore", "--from", "nowhere", "--database", "x"),
    ("restore-drill", "--from", "nowhere"),
    ("db", "indexes"),
    ("db", "hotfixes"),
    ("ledger", "verify"),
    ("ledger", "report", "--day", "2026-11-22"),
    ("ledger", "links", *SINCE),
    ("ledger", "reconcile", *SINCE),
    ("oracle", "rotate"),
    ("preflight",),
]


def said(*arguments: str) -> str:
    """What a refused command says, in one line."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    return " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("command", WITH_A_STAGE, ids=" ".join)
def test_a_stage_that_is_none_is_refused_before_anything_is_asked(command: tuple[str, ...]) -> None:
    assert "a stage is one of dev, staging, prod" in said(*command, "--stage", "prd")


@pytest.mark.parametrize("command", WITH_A_DATABASE, ids=" ".join)
@pytest.mark.parametrize("uri", ["localhost", "mongodb://u:fake/word@h/", "mongodb://h:99999999/"])
def test_a_uri_that_the_driver_cannot_read_is_refused_and_not_repeated(
    command: tuple[str, ...], uri: str
) -> None:
    words = said(*command, "--mongodb-uri", uri)
    assert "percent-encoded" in words
    assert "fake" not in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("advisories", "--osv", "/no/such/folder"), "does not exist"),
        (("simulate", "--seed", "1", "--steps", "0"), "greater than or equal to 1"),
        (("simulate", "--seed", "1", "--runs", "0"), "greater than or equal to 1"),
        (("bench", "cold", "--runs", "0"), "greater than or equal to 1"),
        (("vault", "top-up", *VAULT, "--nanoton", str(1 << 120)), "less than or equal to"),
        (("vault", "set-caps", *VAULT, "--per-claim", str(1 << 120), "--per-day", "1"), "less than or equal"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_what_could_only_seem_to_work_is_refused(arguments: tuple[str, ...], words: str) -> None:
    assert words in said(*arguments)


def test_a_restore_of_nothing_does_not_ask_to_drop_anything(tmp_path: Path) -> None:
    uri = "mongodb://127.0.0.1:1/"
    words = said("restore", "--from", str(tmp_path), "--mongodb-uri", uri, "--database", "x")
    assert words.endswith("holds no backup; nothing was written")


def test_without_a_local_stack_there_is_a_word_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    for name in ("MONGODB_URI", "MONGODB_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    assert "no local stack runs" in said("ledger", "reconcile", *SINCE)
    assert "no local stack runs" in said("ledger", "verify")


def test_a_folder_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a-file"
    file.touch()
    monkeypatch.setattr(sys, "argv", ["arena", "up", "--data", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert f"{file}: File exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InvalidURI("fake-secret"), "takes no such URI"),
        (ConfigurationError("fake-secret"), "takes no such URI"),
        (InvalidName("fake-secret"), "arena_<stage>"),
        (ServerSelectionTimeoutError("fake-secret"), "no server of the URI answered"),
        (OperationFailure("fake-secret", 18), "does not know this user"),
        (OperationFailure("fake-secret", 8000), "does not know this user"),
        (OperationFailure("fake-secret", 13), "does not let this user"),
        (OperationFailure("fake-secret", 43), "the database refused"),
    ],
)
def test_a_drivers_error_is_told_by_what_it_means_and_never_by_its_text(
    error: PyMongoError, words: str
) -> None:
    assert words in reason(error)
    assert type(error).__name__ in reason(error)
    ours = Unavailable("The database did not answer")
    assert reason(ours) == "The database did not answer"
    ours.__cause__ = error
    assert reason(ours) == reason(error)
    assert "fake-secret" not in reason(ours)


@pytest.mark.parametrize(("given", "region"), [("eu-west-1", "eu-west-1"), ("", "eu-central-1")])
def test_a_new_epoch_is_opened_in_the_region_of_the_stage_whatever_the_profile_says(
    given: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", given)
    assert deployed_settings("prod")["AWS_REGION"] == region
