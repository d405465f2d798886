"""`./arena backup`, `restore` and `restore-drill`: run, told, and recorded for the pre-deployment check."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from infra.ops.backup.archive import Manifest
from infra.ops.backup.export import export_database
from infra.ops.backup.restore import compare_digests, finished_manifest, restore_database
from infra.ops.backup.tails import cut_tails
from infra.ops.driver_errors import reason
from infra.ops.operation_records import BACKUP, RESTORE_DRILL, OperationRecord, OperationRecords
from infra.ops.verify_ledger import verify_database
from shared.domain.errors import ArenaError, InvariantBroken

DONE: Final = 0
FAILED: Final = 1
NOT_DONE: Final = 2
_INTERRUPTED: Final = 130
_SAY_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class DataSource:
    """A database, and whether results are printed as one JSON object."""

    uri: str
    database: str
    as_json: bool


def run_backup(source: DataSource, folder: Path) -> int:
    """0 when whole, 2 when it could not be finished: the same command goes on."""
    began_s = time.monotonic()
    spoken = _Spoken()
    try:
        with _opened(source.uri) as client:
            manifest = export_database(client[source.database], folder, now_ms=_now_ms, progress=spoken)
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on behind its last chunk")
        return _INTERRUPTED
    except (ArenaError, PyMongoError, OSError) as error:
        _say(f"the backup is not finished: {_plain(error)}")
        return NOT_DONE
    took_s = time.monotonic() - began_s
    _report(source, manifest, {"folder": str(folder)}, took_s)
    _record(source, BACKUP, took_s, is_success=True)
    return DONE


def run_drill(source: DataSource, folder: Path, *, scratch_uri: str | None) -> int:
    """0 when the restored copy equals the backup and its ledger holds; 1 when not, 2 when it could not be tried."""
    began_s = time.monotonic()
    try:
        found = _drill(source, folder, scratch_uri or source.uri)
    except KeyboardInterrupt:
        _say("interrupted; the scratch database is dropped, nothing is recorded")
        return _INTERRUPTED
    except InvariantBroken as fault:
        _say(f"THE BACKUP DOES NOT RESTORE: {fault.detail}")
        _record(source, RESTORE_DRILL, time.monotonic() - began_s, is_success=False)
        return FAILED
    except (ArenaError, PyMongoError) as error:
        _say(f"the drill could not be run: {_plain(error)}")
        return NOT_DONE
    took_s = time.monotonic() - began_s
    manifest, more = found
    _report(source, manifest, more, took_s)
    _record(source, RESTORE_DRILL, took_s, is_success=True)
    return DONE


def run_restore(target: DataSource, folder: Path) -> int:
    """0 when the database is the backup's and its ledger holds, 1 when it is not, 2 when nothing could be restored."""
    began_s = time.monotonic()
    try:
        manifest = finished_manifest(folder)
    except ArenaError as error:
        _say(f"not restored: {error}; nothing was written")
        return NOT_DONE
    try:
        with _opened(target.uri) as client:
            found = _load(client[target.database], target.uri, folder, manifest)
    except InvariantBroken as fault:
        _say(f"WHAT WAS RESTORED IS NOT RIGHT: {fault.detail}; let nobody use {target.database}")
        return FAILED
    except (KeyboardInterrupt, ArenaError, PyMongoError) as error:
        _say(f"not restored: {_plain(error)}; drop {target.database} if this command began it, and repeat")
        return NOT_DONE
    _report(target, manifest, found, time.monotonic() - began_s)
    return DONE


def _drill(source: DataSource, folder: Path, scratch_uri: str) -> tuple[Manifest, dict[str, Any]]:
    manifest = finished_manifest(folder)
    with _opened(scratch_uri) as client:
        scratch = client[f"{source.database}_drill_{secrets.token_hex(4)}"]
        try:
            found = _load(scratch, scratch_uri, folder, manifest)
        finally:
            client.drop_database(scratch.name)
    return manifest, found


def _load(database: Database[dict[str, Any]], uri: str, folder: Path, manifest: Manifest) -> dict[str, Any]:
    """What was copied, proved by its digests, without what hangs in the air; then the ledger is judged."""
    restore_database(folder, manifest, database, progress=_Spoken())
    compare_digests(manifest, database)
    tails = cut_tails(database, began_ms=manifest.began_ms)
    rows = _ledger_holds(database, uri, manifest)
    more = {
        "rowsLeftOut": tails.left_out,
        "transfersReopened": tails.reopened,
        "playersRemade": tails.remade,
    }
    return {"ledgerRows": rows, "violations": 0, **more}


def _ledger_holds(scratch: Database[dict[str, Any]], uri: str, manifest: Manifest) -> int:
    """Judge all nine invariants as of when the backup began: what was under way then is not late."""
    found = verify_database(uri, scratch.name, now_ms=manifest.began_ms)
    if found.count:
        raise InvariantBroken(f"{found.count} violations, the first: {found.violations[0].describe()}")
    return found.rows


def _report(source: DataSource, manifest: Manifest, more: dict[str, Any], took_s: float) -> None:
    counts = {name: sum(c.documents for c in chunks) for name, chunks in sorted(manifest.chunks.items())}
    rate = round(manifest.documents / max(took_s, 0.001))
    if source.as_json:
        facts = {"ok": True, "documents": manifest.documents, "digest": manifest.digest, "counts": counts}
        print(json.dumps(facts | more | {"seconds": round(took_s, 3), "documentsPerSecond": rate}))
        return
    for name, count in counts.items():
        print(f"  {name:<20} {count:>12,}")
    print(f"{manifest.documents:,} documents in {took_s:.1f} s ({rate:,}/s), digest {manifest.digest}")
    for name, value in more.items():
        print(f"{name} {value}")


def _record(source: DataSource, name: str, took_s: float, *, is_success: bool) -> None:
    """A backup that cannot be noted is still a backup; the pre-deployment check will ask for it, so say it."""
    try:
        with _opened(source.uri) as client:
            OperationRecords(client[source.database]).write(
                OperationRecord(name, _now_ms(), round(1000 * took_s), is_success)
            )
    except PyMongoError as error:
        _say(f"done, but not recorded in {source.database}.operations: {reason(error)}")


@contextmanager
def _opened(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](
        uri, serverSelectionTimeoutMS=5_000, socketTimeoutMS=120_000, w="majority", appname="arena-backup"
    ) as client:
        yield client


def _plain(error: BaseException) -> str:
    if isinstance(error, (ArenaError, PyMongoError)):
        return reason(error)
    return str(error) if isinstance(error, OSError) else "interrupted"


class _Spoken:
    """Says on stderr how far it is, about once a second."""

    def __init__(self) -> None:
        self._began_s = self._said_s = time.monotonic()

    def __call__(self, collection: str, documents: int) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= _SAY_EVERY_S:
            self._said_s = now_s
            _say(f"{documents:,} documents, {documents / (now_s - self._began_s):,.0f}/s, now {collection}")


def _say(text: str) -> None:
    print(f"arena: {text}", file=sys.stderr, flush=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
