"""Every `./arena` command of the documents exists with its options, and the harmless ones are really run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from typer.testing import CliRunner

from infra.ops.cli import app
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.readiness.keys import public_key_of
from shared.services.read_fairness import read_proof
from tests.docs.documents import COMMANDS, PROJECT, arguments_of, command_and_rest
from tests.services.game_world import GameWorld

# Offline or on a database of the test's own, and quick; the rest has a suite or a rehearsal of its own.
ON_A_DATABASE = ("ledger", "db")
OFFLINE = ("vault",)


def of_kind(*first: str) -> list[str]:
    return [command for command in COMMANDS if arguments_of(command)[0] in first]


def complete(commands: list[str]) -> list[str]:
    """Those that say what they work on, not the bare names in running text."""
    return [command for command in commands if "--" in command]


def awaits_value(command: Any, word: str) -> bool:
    """Whether the word is an option of the command that running text names without its value."""
    return any(word in option.opts and not getattr(option, "is_flag", False) for option in command.params)


def test_the_documents_name_commands_at_all() -> None:
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--help" not in command])
def test_a_documented_command_exists_with_its_options(command: str) -> None:
    found, rest = command_and_rest(arguments_of(command))
    assert not hasattr(found, "commands"), f"{COMMANDS[command]}: {command} lacks its sub-command"
    if rest and "…" not in command:
        given = [*rest, "mongodb://there"] if awaits_value(found, rest[-1]) else rest
        found.make_context(found.name, given)  # parses and converts; nothing is run


def test_a_command_or_option_that_is_gone_is_noticed() -> None:
    with pytest.raises(AssertionError):
        command_and_rest(["ledger", "prove"])
    found, rest = command_and_rest(["ledger", "verify", "--quickly"])
    with pytest.raises(Exception, match="--quickly"):
        found.make_context("verify", rest)


@pytest.mark.parametrize("command", complete(of_kind(*OFFLINE)))
def test_an_order_for_the_vaults_owner_is_printed(command: str) -> None:
    result = CliRunner().invoke(app, [*arguments_of(command), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["deepLink"].startswith("ton://transfer/")


@pytest.mark.parametrize("command", complete(of_kind(*ON_A_DATABASE)))
def test_a_command_about_the_database_runs(
    command: str, mongo_uri: str, mongo_database: Database[dict[str, Any]]
) -> None:
    given = arguments_of(command.replace("$OPERATOR_URI", mongo_uri))
    given[given.index("--database") + 1] = mongo_database.name
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output


def test_a_backup_is_made_and_restores(
    mongo_uri: str, mongo_database: Database[dict[str, Any]], tmp_path: Path
) -> None:
    MongoLedgerStore(mongo_database).create_player("ann", now_ms=1)
    [backup] = complete(of_kind("backup"))
    given = arguments_of(backup.replace("$OPERATOR_URI", mongo_uri))
    given[given.index("--database") + 1] = mongo_database.name
    made = CliRunner().invoke(app, [*given, "--to", str(tmp_path / "backup")])
    assert made.exit_code == 0, made.output
    drilled = CliRunner().invoke(app, ["restore-drill", *given[1:], "--from", str(tmp_path / "backup")])
    assert drilled.exit_code == 0, drilled.output


def test_the_public_half_of_a_session_key_is_what_the_snippet_prints() -> None:
    text = (PROJECT / "docs/deployment.md").read_text()
    [snippet] = re.findall(r"^\.venv/bin/python -c .*$", text, re.MULTILINE)
    program = shlex.split(snippet)[2]
    done = subprocess.run(
        [sys.executable, "-c", program, "ab" * 32], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == public_key_of(bytes.fromhex("ab" * 32)).hex()


def test_a_battle_is_verified_by_its_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = GameWorld()
    account = world.player_with_starter()
    battle = world.battle(account, "k1").answer()
    world.clock.advance(seconds=90_000)
    answer = read_proof(account, battle["id"], committer=world.committer, fairness=world.fairness)
    (tmp_path / "proof.json").write_text(json.dumps(answer))
    monkeypatch.chdir(tmp_path)
    [command] = [command for command in of_kind("fairness") if "<proof file>" in command]
    assert CliRunner().invoke(app, arguments_of(command)).exit_code == 0
