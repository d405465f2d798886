"""The handbook's documents, and the `./arena` commands they tell people to type."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

import typer

from infra.ops.cli import app

PROJECT = Path(__file__).parents[2]
DOCUMENTS = sorted([PROJECT / "README.md", *PROJECT.glob("docs/**/*.md")])
# What stands for a reader's own value in the documents, and a value of its form to try the command with.
STAND_INS = {
    "<vault>": "0:" + "ab12" * 16,
    "<old vault>": "0:" + "ab12" * 16,
    "<new vault>": "0:" + "cd34" * 16,
    "<owner>": "0:" + "ef56" * 16,
    "<guardian>": "0:" + "0a78" * 16,
    "<master>": "0:" + "1b90" * 16,
    "<jetton wallet>": "0:" + "2c34" * 16,
    "<64 hex>": "5d" * 32,
    "<units>": "1000",
    "<yesterday>": "2026-11-22",
    "<proof file>": "proof.json",
    "<stage>": "staging",
    "<folder>": "backups/some",
    "<key id>": "12345678-90ab-cdef-1234-567890abcdef",
    "<timestamp>": "1795341600000",
    "<region>": "eu-west-1",
}
DATABASE_URIS = ("$OPERATOR_URI", "$RESTORED_URI", "$SNAPSHOT_URI", "$SCRATCH_URI")
_FENCE = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def name_of(document: Path) -> str:
    """The document's path in the project."""
    return document.relative_to(PROJECT).as_posix()


def blocks_of(document: Path) -> list[str]:
    """The document's fenced blocks, without the indentation that a list gives them."""
    return [textwrap.dedent(block) for block in _FENCE.findall(document.read_text())]


def commands_of(document: Path, program: str = "./arena") -> list[str]:
    """Every command of a program in a document, in fences and in running text."""
    fenced = [line.strip() for block in blocks_of(document) for line in block.splitlines()]
    spans = _SPAN.findall(_FENCE.sub("", document.read_text()))
    return [line for line in (*fenced, *spans) if re.match(rf"(\S*/)?{re.escape(program)} [\"a-z-]", line)]


def arguments_of(command: str) -> list[str]:
    """What follows the program's name, with stand-ins for what the reader fills in."""
    for placeholder, value in STAND_INS.items():
        command = command.replace(placeholder, value)
    return shlex.split(command, comments=True)[1:]


def command_and_rest(words: list[str]) -> tuple[Any, list[str]]:
    """The CLI's command that the words name, and the words after its name."""
    command: Any = typer.main.get_command(app)
    for position, word in enumerate(words):
        if not hasattr(command, "commands"):
            return command, words[position:]
        assert word in command.commands, f"no such command: {word}"
        command = command.commands[word]
    return command, []


COMMANDS = {command: name_of(document) for document in DOCUMENTS for command in commands_of(document)}
