"""The runbook: every command it tells a tired person to type exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer

from infra.ops.preflight.lines import CannotTell, Line, LineFailed, must
from infra.ops.preflight.stage import StageUnderCheck

_COMMAND: Final = re.compile(r"\./arena((?: +[a-z][a-z-]*)+)")


def runbook_commands_exist(stage: StageUnderCheck) -> str:
    """Every `./arena ...` of docs/runbook.md is a command of this repository."""
    path = stage.project / "docs/runbook.md"
    if not path.exists():
        if stage.is_local:
            raise CannotTell("docs/runbook.md is not there")
        raise LineFailed("docs/runbook.md is not there")
    named = set(commands_named(path.read_text()))
    known = _command_tree()
    unknown = sorted(command for command in named if not _exists(command.split(), known))
    must(not unknown, f"no such command: {', '.join(unknown)}")
    must(named, "docs/runbook.md names no command")
    return f"{len(named)} commands"


def commands_named(text: str) -> Iterator[str]:
    """The words after each `./arena`, up to the first option or argument that is no plain word."""
    for found in _COMMAND.finditer(text):
        yield found.group(1).strip()


def _command_tree() -> Mapping[str, Any]:
    """Command name -> its sub-commands (empty for a command), as the CLI has them."""
    from infra.ops.cli import app  # the CLI imports preflight

    return _tree(typer.main.get_command(app))


def _tree(command: Any) -> dict[str, Any]:
    return {name: _tree(child) for name, child in getattr(command, "commands", {}).items()}


def _exists(words: list[str], known: Mapping[str, Any]) -> bool:
    """Words after a command that has no sub-commands are its arguments."""
    for word in words:
        if not known:
            return True
        if word not in known:
            return False
        known = known[word]
    return not known


LINES: Final = (Line("runbook", "runbook's commands exist", runbook_commands_exist, is_go_live=True),)
