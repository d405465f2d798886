"""The stage that a command is about."""

from __future__ import annotations

import typer


def known_stage(name: str) -> str:
    """The name as it was given, for an option's `callback`; another than serverless.yml's ends the command."""
    from infra.ops.package.template import STAGES

    if name and name not in STAGES:
        raise typer.BadParameter(f"a stage is one of {', '.join(STAGES)}")
    return name
