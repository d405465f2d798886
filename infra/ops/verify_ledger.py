"""`./arena ledger verify`: the nine invariants of a database, with progress, for people and for pipelines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import InvalidURI, PyMongoError

from infra.ops.driver_errors import reason
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.domain.audit import INVARIANTS
from shared.domain.budget_audit import leaks_that_alarm
from shared.domain.errors import ArenaError
from shared.services.verify_ledger import LATE_MS, Progress, Verification, verify_ledger

CLEAN: Final = 0
VIOLATED: Final = 1
NOT_VERIFIED: Final = 2
_ANSWER_WITHIN_MS: Final = 60_000
_SAY_EVERY_S: Final = 2.0


@contextmanager
def opened(uri: str, database: str) -> Iterator[Database[dict[str, Any]]]:
    """A database to read at length: an operator's scan has no request's time limit."""
    try:
        client = MongoClient[dict[str, Any]](uri, socketTimeoutMS=_ANSWER_WITHIN_MS, appname="arena-ledger")
    except ValueError:  # the driver's word for some malformed URIs, with the URI in it
        raise InvalidURI("not a MongoDB URI") from None
    with client:
        yield client[database]


def verify_database(
    uri: str,
    database: str,
    *,
    now_ms: int | None = None,
    late_ms: int = LATE_MS,
    progress: Progress = lambda _rows, _accounts: None,
) -> Verification:
    """Judge every document of a database as of now, or of a local stack's own time; raises Unavailable."""
    as_of_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    with opened(uri, database) as documents:
        scan = MongoLedgerScan(documents)
        return verify_ledger(scan, now_ms=as_of_ms, late_ms=late_ms, progress=progress)


def run_verification(uri: str, database: str, *, as_json: bool) -> int:
    """0 when every invariant holds, 1 with the violations named, 2 when it could not be finished."""
    began_s = time.monotonic()
    try:
        found = verify_database(uri, database, progress=_Spoken())
    except (ArenaError, PyMongoError) as error:
        print(f"arena: {reason(error)}; nothing is verified", file=sys.stderr)
        return NOT_VERIFIED
    seconds = max(time.monotonic() - began_s, 0.001)
    print(json.dumps(_document(found, seconds)) if as_json else _text(found, seconds), flush=True)
    return VIOLATED if found.count else CLEAN


class _Spoken:
    """Says on stderr how far it is: over itself on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._began_s = self._said_s = time.monotonic()

    def __call__(self, rows: int, accounts: int) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s < (0.2 if sys.stderr.isatty() else _SAY_EVERY_S):
            return
        self._said_s = now_s
        line = f"{rows:,} rows, {accounts:,} accounts, {rows / (now_s - self._began_s):,.0f} rows/s"
        end = "\r" if sys.stderr.isatty() else "\n"
        print(line, file=sys.stderr, end=end, flush=True)


def _document(found: Verification, seconds: float) -> dict[str, Any]:
    return {
        "ok": found.count == 0,
        "rows": found.rows,
        "refusals": found.statement.refusals,
        "accounts": found.accounts,
        "unprojected": found.unprojected,
        "violationCount": found.count,
        "violations": [
            {"invariant": v.invariant, "account": v.account, "where": v.where, "what": v.what}
            for v in found.violations
        ],
        "leaks": [
            {"budget": leak.group, "units": leak.units, "cap": leak.cap, "isAlarming": leak.is_alarming}
            for leak in found.leaks
        ],
        "balances": found.statement.balances(),
        "seconds": round(seconds, 3),
        "rowsPerSecond": round(found.rows / seconds),
    }


def _text(found: Verification, seconds: float) -> str:
    rate = f"{found.rows / seconds:,.0f} rows/s"
    lines = [f"{found.rows:,} rows of {found.accounts:,} accounts in {seconds:.1f} s ({rate})"]
    if found.unprojected:
        lines.append(f"{found.unprojected:,} rows wait for their projection")
    for leak in found.leaks:
        alarm = "  ALARM: above 0.1 %" if leak in leaks_that_alarm([leak]) else ""
        lines.append(f"leak  {leak.group}: {leak.units} of {leak.cap} are in no row{alarm}")
    if not found.count:
        lines.append(f"all {len(INVARIANTS)} invariants hold")
        return "\n".join(lines)
    lines.append(f"FAILED: {found.count} violations, the first:")
    lines += [f"  {violation.describe()}" for violation in found.violations[:10]]
    return "\n".join(lines)
