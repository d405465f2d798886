"""`./arena`: the operator's and developer's one command."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from infra.bench.bench_commands import app as bench_app
from infra.ops.admin_commands import app as admin_app
from infra.ops.backup_commands import backup, restore, restore_drill
from infra.ops.chosen_database import readable_uri
from infra.ops.database_commands import app as database_app
from infra.ops.fairness_commands import app as fairness_app
from infra.ops.ledger_commands import app as ledger_app
from infra.ops.oracle_commands import app as oracle_app
from infra.ops.rotate_commands import app as rotate_app
from infra.ops.vault_commands import app as vault_app

app = typer.Typer(
    name="arena", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

app.add_typer(database_app, name="db")
app.add_typer(admin_app, name="admin")
app.add_typer(bench_app, name="bench")
app.add_typer(fairness_app, name="fairness")
app.add_typer(ledger_app, name="ledger")
app.add_typer(oracle_app, name="oracle")
app.add_typer(rotate_app, name="rotate")
app.add_typer(vault_app, name="vault")
app.command("backup")(backup)
app.command("restore")(restore)
app.command("restore-drill")(restore_drill)


@app.command()
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per step.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack up until Ctrl-C.")] = False,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="Against the service deployed into an emulator of AWS.")
    ] = False,
) -> None:
    """Play a new player's whole journey on a local stack of real parts, and show the evidence."""
    from infra.ops.demo import run_demo, run_deployed_demo

    if deployed:
        raise typer.Exit(run_deployed_demo(as_json=as_json))
    raise typer.Exit(run_demo(as_json=as_json, keep=keep))


@app.command()
def up(
    data: Annotated[Path | None, typer.Option(help="Where the stack keeps its data.")] = None,
) -> None:
    """Start the local stack and serve until Ctrl-C."""
    from infra.ops.up import serve

    raise typer.Exit(serve(data))


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_tests(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Large counts too.")] = False,
    mongodb_uri: Annotated[str | None, typer.Option(help="Run the store's suites there.")] = None,
) -> None:
    """Format, lint, types, imports, dead code and every test; further arguments go to pytest."""
    from infra.ops.checks import run_checks

    raise typer.Exit(run_checks(full=full, mongodb_uri=mongodb_uri, pytest_arguments=context.args))


@app.command()
def advisories(
    osv: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A folder with OSV's export for PyPI, unpacked."),
    ] = None,
) -> None:
    """Compare every pinned package with the advisories known here, without the network."""
    from infra.ops.advisories import run_advisories

    raise typer.Exit(run_advisories(osv))


@app.command()
def openapi() -> None:
    """Write infra/openapi.json, merged from the functions' own documents."""
    from infra.ops.openapi.merged import write_openapi

    print(write_openapi())


@app.command()
def drill(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per fault.")] = False,
) -> None:
    """Inject the fault behind every alarm on a local stack and show which alarms fire; a few minutes."""
    from infra.ops.drill.command import run_drill

    raise typer.Exit(run_drill(as_json=as_json))


@app.command()
def deploy(
    stage: Annotated[str, typer.Option(help="dev, staging or prod.")],
    hotfix: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Go-live lines that fail are warnings; the reason is recorded."),
    ] = None,
) -> None:
    """Package, ensure indexes, ask the checklist, deploy to AWS and ask the rest; what does not answer is rolled back."""
    from infra.ops.deploy.command import run_deploy, run_hotfix

    if hotfix is not None:
        raise typer.Exit(run_hotfix(stage, hotfix))
    raise typer.Exit(run_deploy(stage))


@app.command()
def package(stage: Annotated[str, typer.Option(help="dev, staging or prod.")] = "dev") -> None:
    """Build each function's zip and the CloudFormation template, and check both; needs no account."""
    from infra.ops.package.command import run_package

    raise typer.Exit(run_package(stage))


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(help="The same seed plays the same history, to the last byte.")],
    steps: Annotated[int, typer.Option(min=1, help="Store operations per seed.")] = 2_000,
    runs: Annotated[int, typer.Option(min=1, help="How many seeds, from the first on.")] = 1,
) -> None:
    """Run the real services on a simulated store that crashes, stalls, lags and forgets."""
    from infra.ops.simulate import simulate as run_simulation

    raise typer.Exit(1 if run_simulation(seed=seed, steps=steps, runs=runs) else 0)


@app.command()
def preflight(
    stage: Annotated[str, typer.Option(help="dev, staging or prod.")] = "dev",
    local: Annotated[
        bool, typer.Option("--local", help="The local stack: the running one, or a new one.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data: Annotated[Path | None, typer.Option(help="Where the local stack keeps its data.")] = None,
    api_url: Annotated[str, typer.Option(help="Where the API answers, if not the stack's own output.")] = "",
    mongodb_uri: Annotated[
        str,
        typer.Option(
            envvar="ARENA_OPERATOR_MONGODB_URI",
            callback=readable_uri,
            help="A user who may list indexes and read `operations`.",
        ),
    ] = "",
    secrets_readable: Annotated[
        bool, typer.Option("--secrets-readable", help="Only note that a person can read the secrets now.")
    ] = False,
) -> None:
    """Ask every line of the go-live checklist: passed, failed, or why it cannot tell."""
    from infra.ops.preflight.command import PreflightOptions, run_preflight

    options = PreflightOptions(
        stage=stage,
        is_local=local,
        as_json=as_json,
        is_note=secrets_readable,
        data_dir=data,
        api_url=api_url,
        mongodb_uri=mongodb_uri,
    )
    raise typer.Exit(run_preflight(options))


def main() -> None:
    """Run one command. What this machine refuses it (no room, no right, no such folder) is a sentence, exit code 2."""
    try:
        app(prog_name="arena")
    except OSError as error:
        if error.strerror is None or (error.filename is None and error.errno not in NO_ROOM):
            raise  # no fault of a file: somebody has to read where it came from
        at = f"{error.filename}: " if error.filename is not None else ""
        print(f"arena: {at}{error.strerror}; mend that and run the same command again", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
