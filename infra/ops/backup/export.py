"""Streaming a database into a backup folder, page by page in the order of `_id`, from wherever it stopped.

The order keeps a copy of a living database true: what follows from ledger rows is read before them, so
that no copied balance is ahead of the copied ledger, and budgets, which are taken from before a row
is written, are read behind them. Rows ahead of a balance, and holds ahead of a row, are what the
ledger's protocol allows at any moment. The administrators' audit comes behind the ledger: an intent
is written before its row, and one that were missing would give its number, and so the key of a row
that is there, to another order. What the order cannot help with, `tails` settles in the restored copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from infra.ops.backup.archive import CHUNK_DOCUMENTS, Manifest, load_manifest, save_manifest, write_chunk
from shared.domain.errors import Refused

READ_LAST: Final = ("ledger", "admin_audit", "budget")
_BATCH: Final = 1_000
Progress = Callable[[str, int], None]


def export_database(
    database: Database[dict[str, Any]],
    folder: Path,
    *,
    now_ms: Callable[[], int],
    progress: Progress,
    chunk_documents: int = CHUNK_DOCUMENTS,
) -> Manifest:
    """The finished manifest; an unfinished one in `folder` is continued, a finished one is Refused `backup_exists`.

    `progress` hears collection and documents so far. Raises Unavailable `disk_full`, pymongo's errors.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # every player's balance and wallet is in it
    manifest = load_manifest(folder) or Manifest(database.name, now_ms())
    if manifest.ended_ms:
        raise Refused(f"{folder} holds a finished backup already", code="backup_exists")
    if manifest.database != database.name:
        raise Refused(f"{folder} holds a backup of {manifest.database}", code="backup_exists")
    save_manifest(folder, manifest)
    for collection in collections_of(database):
        if collection not in manifest.whole:
            manifest = _export_collection(
                database,
                folder,
                manifest,
                collection=collection,
                progress=progress,
                chunk_documents=chunk_documents,
            )
    manifest = replace(manifest, ended_ms=now_ms())
    save_manifest(folder, manifest)
    return manifest


def collections_of(database: Database[dict[str, Any]]) -> list[str]:
    """Every collection of ours, in the order that a copy needs."""
    names = sorted(name for name in database.list_collection_names() if not name.startswith("system."))
    return sorted(names, key=lambda name: READ_LAST.index(name) if name in READ_LAST else -1)


def documents_of(
    database: Database[dict[str, Any]], collection: str, *, after: str | None
) -> Iterator[dict[str, Any]]:
    """Every document behind `after`, in the order of `_id`. Raises Refused `id_not_text`.

    One cursor for the whole collection: a question for each chunk would read it all each time on the
    embedded store. A comparison selects ids of its own type only, so that an id of another type, which
    a continued backup would silently miss, is refused wherever it stands.
    """
    chosen = {} if after is None else {"_id": {"$gt": after}}
    last = next(iter(database[collection].find({}, {"_id": 1}).sort("_id", DESCENDING).limit(1)), None)
    _require_text(collection, last)
    for document in database[collection].find(chosen, batch_size=_BATCH).sort("_id", ASCENDING):
        _require_text(collection, document)
        yield document


def _require_text(collection: str, document: dict[str, Any] | None) -> None:
    if document is not None and type(document["_id"]) is not str:
        raise Refused(f"{collection} has an _id that is no text", code="id_not_text")


def _export_collection(
    database: Database[dict[str, Any]],
    folder: Path,
    manifest: Manifest,
    *,
    collection: str,
    progress: Progress,
    chunk_documents: int,
) -> Manifest:
    chunks = manifest.chunks.get(collection, ())
    source = documents_of(database, collection, after=chunks[-1].last_id if chunks else None)
    while documents := list(islice(source, chunk_documents)):
        number = len(manifest.chunks.get(collection, ())) + 1
        manifest = manifest.with_chunk(collection, write_chunk(folder, collection, number, documents))
        save_manifest(folder, manifest)
        progress(collection, manifest.documents)
    manifest = replace(manifest, whole=(*manifest.whole, collection))
    save_manifest(folder, manifest)
    return manifest
