"""The database a command works on: the one that is named, or the local stack's."""

from __future__ import annotations

import json
import sys

import typer


def chosen_database(uri: str | None, database: str | None) -> tuple[str, str]:
    """URI and name; ends the command with exit code 2 where neither is known."""
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
