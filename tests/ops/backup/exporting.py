"""A backup as the tests make it, and the copies a drill must not leave behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.ops.backup.export import export_database

NOW_MS = 2_000_000_000_000


def export(database: Any, folder: Path, *, progress: Any = lambda *_: None, size: int = 3) -> Any:
    return export_database(database, folder, now_ms=lambda: NOW_MS, progress=progress, chunk_documents=size)


def drills_left(client: Any) -> list[str]:
    return [name for name in client.list_database_names() if "_drill_" in name]
