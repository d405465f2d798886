"""New secrets as files that only their owner can read, and the commands that give them to a stage.

A secret on a command line stays in the shell's history and can be seen by every process of the machine.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from infra.ops.secret_plans import PlannedStep
from shared.config.declarations import BY_NAME
from shared.domain.errors import Refused


def new_folder(path: Path) -> Path:
    """An empty folder for secrets. Raises Refused `folder_exists`: what is there may be in use."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError as error:
        raise Refused(
            f"{path} exists already: name a new folder, or remove it", code="folder_exists"
        ) from error
    return path


def write_value(path: Path, value: str) -> Path:
    """The value and nothing else: a newline at its end would become part of the parameter."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value)
    return path


def step_command(step: PlannedStep, *, number: int, stage: str, folder: Path) -> str:
    """Write the step's value into the folder; gives the command that writes it to Parameter Store."""
    return put_command(step.name, write_value(folder / f"{number}-{step.name}", step.value), stage=stage)


def put_command(name: str, path: Path, *, stage: str) -> str:
    """The command that writes one file's value over the parameter, or makes the parameter."""
    kind = "SecureString" if BY_NAME[name].is_secret else "String"
    value = shlex.quote(f"file://{path}")
    return f"aws ssm put-parameter --overwrite --type {kind} --name /arena/{stage}/{name} --value {value}"


def with_former(steps: Sequence[PlannedStep], replaced: Mapping[str, str]) -> tuple[PlannedStep, ...]:
    """The steps with stand-ins for values that are not known here replaced by the real ones."""
    return tuple(replace(step, value=_filled(step.value, replaced)) for step in steps)


def _filled(text: str, replaced: Mapping[str, str]) -> str:
    for stand_in, value in replaced.items():
        text = text.replace(stand_in, value)
    return text
