"""Every `./arena` command of the documents exists with its options, and the harmless ones are really run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from typer.testing import CliRunner

from infra.ops.cli import app
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.services.read_fairness import read_proof
from tests.docs.aws_commands import operation_of
from tests.docs.documents import COMMANDS, DATABASE_URIS, arguments_of, command_and_rest
from tests.services.game_world import GameWorld

# Offline or on a database of the test's own, and quick; the rest has a suite or a rehearsal of its own.
ON_A_DATABASE = ("ledger", "db")
OFFLINE = ("vault",)


def of_kind(*first: str) -> list[str]:
    return [command for command in COMMANDS if arguments_of(command)[0] in first]


def with_uri(command: str, uri: str) -> list[str]:
    """The command's words with this URI for whichever the document names."""
    for name in DATABASE_URIS:
        command = command.replace(name, uri)
    return arguments_of(command)


def on_database(command: str, uri: str, database: str) -> list[str]:
    """The same with the test's own database."""
    given = with_uri(command, uri)
    given[given.index("--database") + 1] = database
    return given


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
    found, rest = command_and_rest(with_uri(command, "mongodb://there"))
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


# What compares with a chain has a world of its own in tests/ops/test_reconcile.py.
@pytest.mark.parametrize(
    "command", [each for each in complete(of_kind(*ON_A_DATABASE)) if "--stage" not in each]
)
def test_a_command_about_the_database_runs(
    command: str, mongo_uri: str, mongo_database: Database[dict[str, Any]]
) -> None:
    result = CliRunner().invoke(app, on_database(command, mongo_uri, mongo_database.name))
    assert result.exit_code == 0, result.output


def test_what_the_handbook_says_of_backups_is_done_in_its_order(
    mongo_client: MongoClient[dict[str, Any]],
    mongo_uri: str,
    mongo_database: Database[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Backups into the default folder and into a named one, then every drill and every restore of them."""
    monkeypatch.setattr("infra.local.stack.DEFAULT_DATA_DIR", tmp_path)
    monkeypatch.chdir(tmp_path)
    MongoLedgerStore(mongo_database).create_player("ann", now_ms=1)
    copy = f"{mongo_database.name}_copy"
    for kind, database in (
        ("backup", mongo_database.name),
        ("restore-drill", mongo_database.name),
        ("restore", copy),
    ):
        commands = complete(of_kind(kind))
        assert commands
        for command in commands:
            result = CliRunner().invoke(app, on_database(command, mongo_uri, database))
            assert result.exit_code == 0, f"{command}: {result.output}"
    assert mongo_client[copy]["players"].find_one({"_id": "ann"})
    mongo_client.drop_database(copy)


@pytest.mark.parametrize("command", [each for each in of_kind("rotate") if "--write-to" in each])
def test_secrets_are_made_into_files(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments_of(command))
    assert result.exit_code == 0, result.output
    for line in result.output.splitlines():
        if "aws " in line:
            operation_of(line.strip())  # what it prints is held to AWS's own model too
    assert len(list((tmp_path / "session-keys").iterdir())) >= 2


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
