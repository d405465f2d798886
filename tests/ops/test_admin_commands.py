"""The owner's password becomes a hash that the admin function accepts, and is shown nowhere."""

from __future__ import annotations

import bcrypt
import pytest
from typer.testing import CliRunner

from infra.ops.cli import app
from shared.readiness.conditions import is_strong_password_hash

PASSWORD = "correct horse battery"
COMMAND = ["admin", "hash-password"]


def test_the_hash_is_one_that_readiness_accepts() -> None:
    result = CliRunner().invoke(app, [*COMMAND, "--stdin"], input=f"{PASSWORD}\n")
    printed = result.stdout.strip()
    assert result.exit_code == 0
    assert is_strong_password_hash(printed)
    assert bcrypt.checkpw(PASSWORD.encode(), printed.encode())


def test_the_password_is_asked_for_twice_and_shown_never() -> None:
    result = CliRunner().invoke(app, COMMAND, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert bcrypt.checkpw(PASSWORD.encode(), result.stdout.strip().encode())
    assert PASSWORD not in result.output


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaaa", "x" * 73])
def test_a_weak_password_gets_a_sentence_and_no_hash(password: str) -> None:
    result = CliRunner().invoke(app, [*COMMAND, "--stdin"], input=f"{password}\n")
    assert result.exit_code == 2
    assert "$2b$" not in result.output
    assert "12 characters" in result.output
