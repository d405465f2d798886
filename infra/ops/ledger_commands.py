"""`./arena ledger ...`: whether the ledger holds, and what moved on a day."""

from __future__ import annotations

import json
import re
import sys
from typing import Annotated

import typer

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

    uri, name = _where(mongodb_uri, database)
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

    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", day, re.ASCII) is None:
        raise typer.BadParameter("a day is written 2026-11-22", param_hint="--day")
    uri, name = _where(mongodb_uri, database)
    raise typer.Exit(run_report(uri, name, day=day, as_csv=as_csv))


def _where(uri: str | None, database: str | None) -> tuple[str, str]:
    """The database asked for, or the one of the local stack under `.arena`."""
    from infra.local.stack import DEFAULT_DATA_DIR

    local: dict[str, str] = {}
    environments = DEFAULT_DATA_DIR / "environments.json"
    if uri is None and environments.exists():
        local = json.loads(environments.read_text()).get("settle", {})
    uri, database = uri or local.get("MONGODB_URI"), database or local.get("MONGODB_DATABASE")
    if uri is None or database is None:
        print("arena: name a database with --mongodb-uri and --database", file=sys.stderr)
        raise typer.Exit(2)
    return uri, database
