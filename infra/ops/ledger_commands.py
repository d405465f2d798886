"""`./arena ledger ...`: whether the ledger holds and agrees with the chain, and what moved when."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from infra.ops.chosen_database import DatabaseName, Uri, chosen_database, readable_uri
from infra.ops.chosen_stage import known_stage
from infra.ops.moments import moment_ms

app = typer.Typer(no_args_is_help=True, help="Verify, compare and report the ledger.")

Since = Annotated[str, typer.Option("--since", help="A moment with its zone: 2026-11-22T10:00Z.")]


@app.command("verify")
def verify(
    mongodb_uri: Uri = None,
    database: DatabaseName = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Judge all nine invariants from the collections alone; exit code 1 names the first bad row."""
    from infra.ops.verify_ledger import run_verification

    uri, name = chosen_database(mongodb_uri, database)
    raise typer.Exit(run_verification(uri, name, as_json=as_json))


@app.command("report")
def report(
    day: Annotated[str, typer.Option("--day", help="A UTC day, 2026-11-22.")],
    mongodb_uri: Uri = None,
    database: DatabaseName = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV instead of a table.")] = False,
) -> None:
    """Sources and sinks of a day per currency, account, reason and arena, double entry."""
    from infra.ops.report_ledger import run_report

    if not _is_day(day):
        raise typer.BadParameter("a day is written 2026-11-22", param_hint="--day")
    uri, name = chosen_database(mongodb_uri, database)
    raise typer.Exit(run_report(uri, name, day=day, as_csv=as_csv))


@app.command("links")
def links(
    since: Since,
    mongodb_uri: Uri = None,
    database: DatabaseName = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV instead of a table.")] = False,
) -> None:
    """Every wallet linked since a moment: when, by whom, and from when on it may be paid."""
    from infra.ops.wallet_links import run_links

    uri, name = chosen_database(mongodb_uri, database)
    raise typer.Exit(run_links(uri, name, since_ms=moment_ms(since), as_csv=as_csv))


@app.command("reconcile")
def reconcile(
    since: Since,
    stage: Annotated[
        str, typer.Option(callback=known_stage, help="dev, staging or prod. Default: the local stack.")
    ] = "",
    mongodb_uri: Annotated[
        str | None,
        typer.Option(
            callback=readable_uri, help="Another database than the stage's, such as a restored copy."
        ),
    ] = None,
    database: Annotated[str | None, typer.Option()] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """What the vault paid since a moment against the ledger, without writing; exit code 1 names differences."""
    from infra.ops.payouts.command import ReconcileOptions, run_reconciliation

    options = ReconcileOptions(stage, moment_ms(since), mongodb_uri, database, as_json)
    raise typer.Exit(run_reconciliation(options))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
