"""A backup as files: chunks of documents, and a manifest that counts and digests them.

    <folder>/manifest.json                  counts, digests, when; `endedMs` is 0 until it is whole
    <folder>/<collection>/000001.jsonl.gz   at most CHUNK_DOCUMENTS documents in the order of `_id`

A line is one document in canonical Extended JSON (v2), which keeps every BSON type. A chunk's digest
is the SHA-256 of its lines, a collection's that of its chunks' digests, the backup's that of its
collections': so a chunk proves itself, and an interrupted backup goes on behind its last chunk.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bson import json_util

from shared.domain.errors import Refused, Unavailable

CHUNK_DOCUMENTS: Final = 5_000
_LEVEL: Final = 3
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file of a collection: how many documents, their digest, and the last one's `_id`."""

    documents: int
    digest: str
    last_id: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. Times are UTC milliseconds; `ended_ms` is 0 while it is incomplete."""

    database: str
    began_ms: int
    ended_ms: int = 0
    whole: tuple[str, ...] = ()
    chunks: dict[str, tuple[Chunk, ...]] = field(default_factory=dict)

    @property
    def documents(self) -> int:
        """How many documents all its chunks hold."""
        return sum(chunk.documents for chunks in self.chunks.values() for chunk in chunks)

    @property
    def digest(self) -> str:
        """One digest for all of it; two backups of the same documents have the same."""
        parts = [f"{name} {collection_digest(self.chunks[name])}\n" for name in sorted(self.chunks)]
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    def with_chunk(self, collection: str, chunk: Chunk) -> Manifest:
        """One chunk more."""
        chunks = {**self.chunks, collection: (*self.chunks.get(collection, ()), chunk)}
        return replace(self, chunks=chunks)


def collection_digest(chunks: Sequence[Chunk]) -> str:
    """SHA-256 of the chunks' digests."""
    return hashlib.sha256("".join(chunk.digest for chunk in chunks).encode()).hexdigest()


def chunk_lines(documents: Sequence[dict[str, Any]]) -> bytes:
    """The documents as a chunk's bytes, before compression."""
    options = json_util.CANONICAL_JSON_OPTIONS
    return "".join(
        json_util.dumps(document, json_options=options, separators=(",", ":"), ensure_ascii=False) + "\n"
        for document in documents
    ).encode()


def digest_of(lines: bytes) -> str:
    """The digest of a chunk's lines."""
    return hashlib.sha256(lines).hexdigest()


def chunk_path(folder: Path, collection: str, number: int) -> Path:
    """Where a collection's chunk is; numbers begin at 1."""
    return folder / collection / f"{number:06}.jsonl.gz"


def write_chunk(folder: Path, collection: str, number: int, documents: Sequence[dict[str, Any]]) -> Chunk:
    """Write it whole or not at all. Raises Unavailable `disk_full`."""
    lines = chunk_lines(documents)
    path = chunk_path(folder, collection, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_whole(path, gzip.compress(lines, _LEVEL, mtime=0))
    return Chunk(len(documents), digest_of(lines), str(documents[-1]["_id"]))


def read_chunk(folder: Path, collection: str, number: int, chunk: Chunk) -> list[dict[str, Any]]:
    """Its documents. Raises Refused `backup_damaged` when they are not the ones that were written."""
    path = chunk_path(folder, collection, number)
    try:
        lines = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, ValueError) as error:
        raise Refused(f"{path} cannot be read: {type(error).__name__}", code="backup_damaged") from error
    if digest_of(lines) != chunk.digest:
        raise Refused(f"{path} is not what was backed up: its digest differs", code="backup_damaged")
    options = json_util.CANONICAL_JSON_OPTIONS
    return [json_util.loads(line, json_options=options) for line in lines.decode().split("\n")[:-1]]


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace it whole. Raises Unavailable `disk_full`."""
    document = asdict(manifest) | {"documents": manifest.documents, "digest": manifest.digest}
    _write_whole(folder / "manifest.json", json.dumps(document, indent=1).encode())


def load_manifest(folder: Path) -> Manifest | None:
    """The manifest, or None where there is none. Raises Refused `backup_damaged`."""
    path = folder / "manifest.json"
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text())
        written = document.pop("digest")
        del document["documents"]
        chunks = {
            name: tuple(Chunk(**chunk) for chunk in listed) for name, listed in document["chunks"].items()
        }
        manifest = Manifest(**{**document, "whole": tuple(document["whole"]), "chunks": chunks})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path} is no manifest of a backup", code="backup_damaged") from error
    if manifest.digest != written:
        raise Refused(f"{path} does not add up: its digest differs", code="backup_damaged")
    return manifest


def _write_whole(path: Path, content: bytes) -> None:
    scratch = path.with_name(path.name + ".new")
    with _named_when_full(path):
        try:
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            scratch.unlink(missing_ok=True)  # half a chunk only takes the room that is missing
            raise
        scratch.replace(path)


@contextmanager
def _named_when_full(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Unavailable(
            f"no room left for {path}: what is complete stays; make room and repeat the command, it goes on there",
            code="disk_full",
        ) from error
