"""`./arena ledger ...`: whether the ledger holds, and what moved on a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from infra.ops.chosen_database import chosen_database

app = typer.Typer(no_args_is_help=True, help="Verify and report the ledger.")

Uri = Annotated[
    str | None,
    typer.Option("--mongodb-uri", envvar="MONGODB_URI", help="Default: the local stack that runs."),
]
DatabaseName = Annotated[str | None, typer.Option("--database", envvar="MONGODB_DATABASE")]


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


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
