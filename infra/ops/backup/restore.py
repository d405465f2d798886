"""Loading a backup into an empty database, and proving that what is there is what was copied."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from pymongo.database import Database

from infra.ops.backup.archive import Manifest, chunk_lines, digest_of, load_manifest, read_chunk
from infra.ops.backup.export import documents_of
from shared.adapters.mongo_indexes import ensure_indexes
from shared.domain.errors import InvariantBroken, Refused

Progress = Callable[[str, int], None]


def finished_manifest(folder: Path) -> Manifest:
    """The manifest of a whole backup. Raises Refused `backup_missing`, `backup_unfinished`, `backup_damaged`."""
    manifest = load_manifest(folder)
    if manifest is None:
        raise Refused(f"{folder} holds no backup", code="backup_missing")
    if not manifest.ended_ms:
        raise Refused(
            f"the backup in {folder} is not finished: repeat `./arena backup`", code="backup_unfinished"
        )
    return manifest


def restore_database(
    folder: Path, manifest: Manifest, database: Database[dict[str, Any]], *, progress: Progress
) -> None:
    """Load every chunk, each proved by its digest, then build the indexes.

    Raises Refused `database_not_empty` before it writes anything, `backup_damaged`, pymongo's errors.
    """
    if database.list_collection_names():
        raise Refused(f"{database.name} is not empty", code="database_not_empty")
    restored = 0
    for collection, chunks in manifest.chunks.items():
        for number, chunk in enumerate(chunks, start=1):
            documents = read_chunk(folder, collection, number, chunk)
            database[collection].insert_many(documents, ordered=True)
            restored += len(documents)
            progress(collection, restored)
    ensure_indexes(database)


def compare_digests(manifest: Manifest, database: Database[dict[str, Any]]) -> None:
    """Read everything back in the same chunks. Raises InvariantBroken naming the first that differs."""
    for collection, chunks in manifest.chunks.items():
        source = documents_of(database, collection, after=None)
        for number, chunk in enumerate(chunks, start=1):
            documents = list(islice(source, chunk.documents))
            if digest_of(chunk_lines(documents)) != chunk.digest:
                raise InvariantBroken(
                    f"{collection}, chunk {number}: what was restored is not what was copied"
                )
        if next(source, None) is not None:
            raise InvariantBroken(f"{collection}: more was restored than was copied")
