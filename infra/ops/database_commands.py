"""`./arena db ...`: the indexes that the backend relies on, and the hotfixes on record."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from infra.ops.chosen_database import DatabaseName, Uri, chosen_database
from infra.ops.driver_errors import reason

app = typer.Typer(no_args_is_help=True, help="Indexes of the database, hotfixes on record.")


@app.command("indexes")
def indexes(
    mongodb_uri: Uri = None,
    database: DatabaseName = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Create every declared index that is missing, and print what is there; safe at any time."""
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    from infra.ops.index_report import create_missing

    uri, name = chosen_database(mongodb_uri, database)
    try:
        with MongoClient[dict[str, Any]](
            uri, serverSelectionTimeoutMS=5_000, appname="arena-indexes"
        ) as client:
            found = create_missing(client[name])
    except PyMongoError as error:
        print(f"arena: the indexes are not all there: {reason(error)}", file=sys.stderr)
        raise typer.Exit(2) from error
    if as_json:
        print(json.dumps([line.as_document() for line in found]))
        return
    for line in found:
        print(f"{line.state:<8} {line.collection}.{line.fields}{'  unique' if line.is_unique else ''}")


@app.command("hotfixes")
def hotfixes(
    mongodb_uri: Uri = None,
    database: DatabaseName = None,
) -> None:
    """Print every deployment that passed over go-live lines, a JSON object each: who, when, what and why."""
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    from infra.ops.operation_records import OperationRecords

    uri, name = chosen_database(mongodb_uri, database)
    try:
        with MongoClient[dict[str, Any]](
            uri, serverSelectionTimeoutMS=5_000, appname="arena-hotfixes"
        ) as client:
            found = OperationRecords(client[name]).hotfixes()
    except PyMongoError as error:
        print(f"arena: the hotfixes were not read: {reason(error)}", file=sys.stderr)
        raise typer.Exit(2) from error
    for each in found:
        began = datetime.fromtimestamp(each.at_ms / 1000, UTC).isoformat(timespec="seconds")
        print(json.dumps({"began": began, **asdict(each)}))
