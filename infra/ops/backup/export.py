"""Streaming a database into a backup folder, page by page in the order of `_id`, from wherever it stopped.

The order keeps a copy of a living database true: what follows from ledger rows is read before them, so
that no copied balance is ahead of the copied ledger, and budgets, which are taken from before a row
is written, are read behind them. Rows ahead of a balance, and holds ahead of a row, are what the
ledger's protocol allows at any moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from infra.ops.backup.archive import CHUNK_DOCUMENTS, Manifest, load_manifest, save_manifest, write_chunk
from shared.domain.errors import Refused

READ_LAST: Final = ("admin_audit", "ledger", "budget")
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
    folder.mkdir(parents=True, exist_ok=True)
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


def page_of(
    database: Database[dict[str, Any]], collection: str, *, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """The next documents in the order of `_id`. Raises Refused `id_not_text` where the order would skip some."""
    chosen = {} if after is None else {"_id": {"$gt": after}}
    found = list(database[collection].find(chosen).sort("_id", ASCENDING).limit(limit))
    # A comparison selects ids of its own type only: a text after which numbers come would end the copy early.
    if any(type(document["_id"]) is not str for document in found):
        raise Refused(f"{collection} has an _id that is no text", code="id_not_text")
    return found


def _export_collection(
    database: Database[dict[str, Any]],
    folder: Path,
    manifest: Manifest,
    *,
    collection: str,
    progress: Progress,
    chunk_documents: int,
) -> Manifest:
    last = list(database[collection].find({}, {"_id": 1}).sort("_id", DESCENDING).limit(1))
    if last and type(last[0]["_id"]) is not str:
        raise Refused(f"{collection} has an _id that is no text", code="id_not_text")
    chunks = manifest.chunks.get(collection, ())
    while True:
        after = chunks[-1].last_id if chunks else None
        documents = page_of(database, collection, after=after, limit=chunk_documents)
        if documents:
            chunk = write_chunk(folder, collection, len(chunks) + 1, documents)
            manifest = manifest.with_chunk(collection, chunk)
            chunks = manifest.chunks[collection]
        if len(documents) < chunk_documents:
            manifest = replace(manifest, whole=(*manifest.whole, collection))
            save_manifest(folder, manifest)
            return manifest
        save_manifest(folder, manifest)
        progress(collection, manifest.documents)
