"""`./arena rotate ...`: secrets with two valid values for a while, so that nobody is turned away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from infra.ops.secret_plans import PlannedStep

app = typer.Typer(no_args_is_help=True, help="Replace secrets without turning anybody away.")

Rehearse = Annotated[
    bool, typer.Option("--rehearse", help="Do every step on a local stack, with tokens of both values.")
]
Stage = Annotated[str, typer.Option(help="Whose parameters the steps name.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("session-keys")
def session_keys(rehearse: Rehearse = False, stage: Stage = "prod", as_json: Json = False) -> None:
    """Players' session keys: the steps for a stage, or all of them on a local stack."""
    from infra.ops.secret_plans import session_key_plan

    if rehearse:
        from infra.ops.secret_rehearsal import SESSION_KEYS, rehearse_secret

        raise typer.Exit(rehearse_secret(SESSION_KEYS, as_json=as_json))
    _print(session_key_plan(bytes(32), bytes([1]) * 32), stage=stage)


@app.command("admin-secret")
def admin_secret(rehearse: Rehearse = False, stage: Stage = "prod", as_json: Json = False) -> None:
    """The secret of administrators' tokens: the steps for a stage, or all of them on a local stack."""
    from infra.ops.secret_plans import admin_secret_plan

    if rehearse:
        from infra.ops.secret_rehearsal import ADMIN_SECRET, rehearse_secret

        raise typer.Exit(rehearse_secret(ADMIN_SECRET, as_json=as_json))
    _print(admin_secret_plan("old", "new"), stage=stage)


@app.command("battle-secret")
def battle_secret(stage: Stage = "prod") -> None:
    """The secret of battles' chance: the steps for a stage. It takes a day until the old one is forgotten."""
    from infra.ops.secret_plans import battle_secret_plan

    _print(battle_secret_plan("old", "new"), stage=stage)


def _print(steps: Sequence[PlannedStep], *, stage: str) -> None:
    """What to write where, and how long to wait; values are made and written by whoever may."""
    for number, step in enumerate(steps, start=1):
        print(f"{number}. {step.what}")
        print(f"     write /arena/{stage}/{step.name}: {step.form}")
        print(f"     then wait {step.wait_s} s")
