"""`./arena db ...`: the indexes that the backend relies on."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from infra.ops.chosen_database import chosen_database

app = typer.Typer(no_args_is_help=True, help="Indexes of the database.")


@app.callback()
def _db() -> None:
    """Keeps `indexes` a sub-command although it is the only one."""


@app.command("indexes")
def indexes(
    mongodb_uri: Annotated[
        str | None,
        typer.Option("--mongodb-uri", envvar="MONGODB_URI", help="Default: the local stack that runs."),
    ] = None,
    database: Annotated[str | None, typer.Option("--database", envvar="MONGODB_DATABASE")] = None,
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
        # A driver's text may hold the address and its user.
        print(f"arena: the indexes are not all there: {type(error).__name__}", file=sys.stderr)
        raise typer.Exit(2) from error
    if as_json:
        print(json.dumps([line.as_document() for line in found]))
        return
    for line in found:
        print(f"{line.state:<8} {line.collection}.{line.fields}{'  unique' if line.is_unique else ''}")
