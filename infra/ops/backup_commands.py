"""`./arena backup`, `restore` and `restore-drill`: the database as files, back again, and proof that it works."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from infra.ops.chosen_database import DatabaseName, Uri, chosen_database, is_on_this_machine, readable_uri

CONTINUED_FOR_MS: Final = 86_400_000
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def backup(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Folder. Default: the one of the last day that is unfinished, under .arena/backups, or a new one.",
        ),
    ] = None,
    mongodb_uri: Uri = None,
    database: DatabaseName = None,
    as_json: Json = False,
) -> None:
    """Stream every collection into files with counts and digests; an interrupted one goes on."""
    from infra.ops.backup.command import DataSource, run_backup

    uri, name = chosen_database(mongodb_uri, database)
    folder = (
        to or _unfinished(name) or _backups() / f"{name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    )
    raise typer.Exit(run_backup(DataSource(uri, name, as_json), folder))


def restore(
    source: Annotated[Path, typer.Option("--from", help="Folder of a finished backup.")],
    mongodb_uri: Annotated[
        str, typer.Option("--mongodb-uri", callback=readable_uri, help="The server to restore to.")
    ],
    database: Annotated[str, typer.Option("--database", help="An empty database, or none yet.")],
    as_json: Json = False,
) -> None:
    """Load a backup into an empty database with its indexes, compare every digest, judge its ledger."""
    from infra.ops.backup.command import DataSource, run_restore

    raise typer.Exit(run_restore(DataSource(mongodb_uri, database, as_json), source))


def restore_drill(
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder. Default: the newest under .arena/backups.")
    ] = None,
    mongodb_uri: Uri = None,
    database: DatabaseName = None,
    scratch_uri: Annotated[
        str | None,
        typer.Option(
            callback=readable_uri,
            help="Server to restore on. Default: the database's own, if it is on this machine.",
        ),
    ] = None,
    on_its_own_server: Annotated[
        bool,
        typer.Option(
            "--on-its-own-server", help="Yes, load the server the database lives on, under another name."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore into a scratch database, judge its ledger, compare every digest, drop it, record it."""
    from infra.ops.backup.command import DataSource, run_drill

    uri, name = chosen_database(mongodb_uri, database)
    folder = source or _newest(name)
    if folder is None:
        raise typer.BadParameter(
            f"there is no finished backup of {name} under {_backups()}", param_hint="--from"
        )
    if not (scratch_uri or on_its_own_server or is_on_this_machine(uri)):
        raise typer.BadParameter(
            "a drill writes everything once and reads it twice: name a server that holds nothing else, "
            "or say --on-its-own-server to do that where people play",
            param_hint="--scratch-uri",
        )
    raise typer.Exit(run_drill(DataSource(uri, name, as_json), folder, scratch_uri=scratch_uri))


def _backups() -> Path:
    from infra.local.stack import DEFAULT_DATA_DIR

    return DEFAULT_DATA_DIR / "backups"


def _kept(database: str, *, is_finished: bool) -> list[Path]:
    """Backups of the database, oldest first: their names end in the time they began."""
    from infra.ops.backup.archive import load_manifest

    found = []
    for folder in sorted(_backups().glob(f"{database}-*")):
        manifest = load_manifest(folder)
        if manifest is not None and manifest.database == database and bool(manifest.ended_ms) == is_finished:
            found.append(folder)
    return found


def _unfinished(database: str) -> Path | None:
    """The newest that was begun within a day: an older one would be recorded as today's and hold what was then."""
    from infra.ops.backup.archive import load_manifest

    newest = next(reversed(_kept(database, is_finished=False)), None)
    manifest = None if newest is None else load_manifest(newest)
    is_recent = manifest is not None and manifest.began_ms >= time.time_ns() // 1_000_000 - CONTINUED_FOR_MS
    return newest if is_recent else None


def _newest(database: str) -> Path | None:
    return next(reversed(_kept(database, is_finished=True)), None)
