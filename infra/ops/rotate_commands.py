"""`./arena rotate ...`: secrets with two valid values for a while, so that nobody is turned away."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.ops.chosen_stage import known_stage

if TYPE_CHECKING:
    from infra.ops.secret_plans import PlannedStep

app = typer.Typer(no_args_is_help=True, help="Replace secrets without turning anybody away.")

Rehearse = Annotated[
    bool, typer.Option("--rehearse", help="Do every step on a local stack, with tokens of both values.")
]
Stage = Annotated[str, typer.Option(callback=known_stage, help="Whose parameters the steps name.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
WriteTo = Annotated[
    Path | None,
    typer.Option(help="Make the new secret, into files of this new folder that only you can read."),
]


@app.command("session-keys")
def session_keys(
    rehearse: Rehearse = False,
    stage: Stage = "prod",
    write_to: WriteTo = None,
    former: Annotated[
        str, typer.Option(help="The public key in use, 64 hex digits. Default: none, so that sessions end.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Players' session keys: the steps for a stage, with the new pair if asked for, or all on a local stack."""
    from infra.ops.secret_plans import session_key_plan

    if rehearse:
        from infra.ops.secret_rehearsal import SESSION_KEYS, rehearse_secret

        raise typer.Exit(rehearse_secret(SESSION_KEYS, as_json=as_json))
    if write_to is not None:
        _write_session_keys(write_to, former.lower(), stage=stage)
        return
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


def _write_session_keys(folder: Path, former: str, *, stage: str) -> None:
    """The pair is made here, so that no private key is ever on a command line or a screen."""
    from infra.ops.secret_files import new_folder, put_command, step_command, with_former, write_value
    from infra.ops.secret_plans import session_key_plan
    from shared.domain.errors import Refused
    from shared.readiness.keys import public_key_of

    if former and re.fullmatch("[0-9a-f]{64}", former) is None:
        raise typer.BadParameter("a public key is 64 hex digits", param_hint="--former")
    seed, stand_in = secrets.token_bytes(32), secrets.token_bytes(32)
    try:
        folder = new_folder(folder.resolve())
    except (Refused, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--write-to") from error
    if former:
        steps = with_former(session_key_plan(stand_in, seed), {public_key_of(stand_in).hex(): former})
        for number, step in enumerate(steps, start=1):
            print(f"{number}. {step.what}")
            print(f"     {step_command(step, number=number, stage=stage, folder=folder)}")
            print(f"     then wait {step.wait_s} s")
    else:
        pair = {
            "PLAYER_SESSION_PRIVATE_KEY_HEX": seed.hex(),
            "PLAYER_SESSION_PUBLIC_KEYS": public_key_of(seed).hex(),
        }
        for name, value in pair.items():
            print(put_command(name, write_value(folder / name, value), stage=stage))
    print(f"afterwards: rm -r {folder}")


def _print(steps: Sequence[PlannedStep], *, stage: str) -> None:
    """What to write where, and how long to wait; values are made and written by whoever may."""
    for number, step in enumerate(steps, start=1):
        print(f"{number}. {step.what}")
        print(f"     write /arena/{stage}/{step.name}: {step.form}")
        print(f"     then wait {step.wait_s} s")
