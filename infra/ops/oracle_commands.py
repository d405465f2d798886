"""`./arena oracle ...`: the key that signs claims."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.ops.chosen_database import readable_uri
from infra.ops.chosen_stage import known_stage

app = typer.Typer(no_args_is_help=True, help="The key that signs claims: rotate it, restore its policy.")

Stage = Annotated[str, typer.Option(callback=known_stage, help="dev, staging or prod.")]


@app.command("restore-policy")
def restore_policy(
    stage: Stage = "dev",
) -> None:
    """Put the template's policy back on the key in use, rotated or not, and revoke every grant on it."""
    from infra.ops.oracle.policy import run_restore_policy

    raise typer.Exit(run_restore_policy(stage))


@app.command("rotate")
def rotate(
    stage: Stage = "dev",
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="On a local chain of its own, with players who claim.")
    ] = False,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="The key is compromised: pause, no grace, resume.")
    ] = False,
    grace_s: Annotated[
        int, typer.Option(min=1200, max=3600, help="How long the vault takes the old key too.")
    ] = 3600,
    once: Annotated[
        bool, typer.Option("--once", help="Do what can be done now; exit code 3 when something is awaited.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    mongodb_uri: Annotated[
        str,
        typer.Option(
            envvar="MONGODB_URI",
            callback=readable_uri,
            help="A user who may read claims and write `operations`.",
        ),
    ] = "",
) -> None:
    """New key, the vault's owner's message, switch, drain, old key disabled; resumes where it stopped."""
    from infra.ops.oracle import perform
    from infra.ops.preflight.stage import PROJECT

    options = perform.RotateOptions(
        stage=stage,
        is_emergency=emergency,
        grace_s=grace_s,
        is_patient=not once,
        as_json=as_json,
        mongodb_uri=mongodb_uri,
        data_dir=perform.default_data_dir(),
    )
    if not rehearse:
        raise typer.Exit(perform.rotate(options))
    from infra.local.serverless_file import function_values

    values = function_values(PROJECT / "serverless.yml", stage=stage)
    raise typer.Exit(perform.rehearse(options, database=str(values["settle"]["MONGODB_DATABASE"])))
