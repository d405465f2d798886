"""The database a command works on: the one that is named, or the local stack's."""

from __future__ import annotations

import ipaddress
import json
import sys
from typing import Annotated

import typer


def readable_uri(uri: str | None) -> str | None:
    """The URI as it was given, for an option's `callback`; one that the driver cannot read ends the command.

    The driver's own text would repeat it, and what is secret in it.
    """
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if not uri or uri.startswith("mongodb+srv://"):  # reading that one asks DNS
        return uri
    try:
        parse_uri(uri)
    except (PyMongoError, ValueError):
        raise typer.BadParameter(
            "a URI is mongodb://user:password@host/?options or mongodb+srv://..., "
            "with special characters of user and password percent-encoded"
        ) from None
    return uri


Uri = Annotated[
    str | None,
    typer.Option(
        "--mongodb-uri",
        envvar="MONGODB_URI",
        callback=readable_uri,
        help="Default: the local stack that runs.",
    ),
]
DatabaseName = Annotated[str | None, typer.Option("--database", envvar="MONGODB_DATABASE")]


def chosen_database(uri: str | None, database: str | None) -> tuple[str, str]:
    """URI and name; ends the command with exit code 2 where neither is known."""
    from infra.local.stack import DEFAULT_DATA_DIR

    local: dict[str, str] = {}
    environments = DEFAULT_DATA_DIR / "environments.json"
    if uri is None and environments.exists():
        local = json.loads(environments.read_text()).get("settle", {})
    uri, database = uri or local.get("MONGODB_URI"), database or local.get("MONGODB_DATABASE")
    if uri is None or database is None:
        print(
            "arena: no local stack runs: name a database with --mongodb-uri and --database", file=sys.stderr
        )
        raise typer.Exit(2)
    return uri, database


def is_on_this_machine(uri: str) -> bool:
    """Whether every server of the URI is reached by loopback; a name in DNS is somebody else's machine."""
    from pymongo.uri_parser import parse_uri

    if uri.startswith("mongodb+srv:"):
        return False
    return all(_is_loopback(host) for host, _ in parse_uri(uri)["nodelist"])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
