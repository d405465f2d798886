"""How long a backup and its drill take: `python -m infra.bench.backup` on a local store of its own."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient

from infra.bench.seeded_players import seed_players
from infra.local.endpoint_process import start_endpoint, stop_endpoint
from infra.ops.backup.command import DataSource, run_backup, run_drill
from shared.adapters.mongo_indexes import ensure_indexes
from shared.domain.game_config import default_config

ROWS_EACH: Final = 100
_DATABASE: Final = "arena_backup_bench"


def measure(*, rows: int, folder: Path) -> int:
    """Seed `rows` ledger rows of honest players, back them up, drill; 0 when both succeed, numbers on stdout."""
    server = start_endpoint("infra.local.mongo_server", "--data", str(folder / "mongo"), log=folder / "log")
    try:
        with MongoClient[dict[str, Any]](server.url) as client:
            ensure_indexes(client[_DATABASE])
            seed_players(
                client[_DATABASE],
                players=rows // ROWS_EACH,
                rows_each=ROWS_EACH,
                config=default_config(),
                now_ms=time.time_ns() // 1_000_000,
            )
        source = DataSource(server.url, _DATABASE, as_json=False)
        failed = run_backup(source, folder / "backup") or run_drill(
            source, folder / "backup", scratch_uri=None
        )
    finally:
        stop_endpoint(server)
    packed_bytes = sum(path.stat().st_size for path in (folder / "backup").rglob("*.gz"))
    print(f"{packed_bytes:,} bytes packed")
    return failed


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="arena-backup-bench-") as folder:
        sys.exit(measure(rows=rows, folder=Path(folder)))


if __name__ == "__main__":
    main()
