"""`./arena ledger links`: who linked a wallet since a moment, for whoever cannot trust sign-ins of that time."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pymongo.errors import PyMongoError

from infra.ops.driver_errors import reason
from infra.ops.verify_ledger import NOT_VERIFIED, opened
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.domain.calendar import iso_time
from shared.domain.errors import ArenaError
from shared.services.link_wallet import LINK_KIND

COLUMNS: Final = ("linkedAt", "account", "wallet", "claimsFrom", "change")
_END_MS: Final = 1 << 62


def run_links(uri: str, database: str, *, since_ms: int, as_csv: bool) -> int:
    """0 with every link listed, oldest first; 2 when the database did not answer."""
    try:
        with opened(uri, database) as documents:
            rows = list(
                MongoLedgerScan(documents).rows_of_kinds((LINK_KIND,), from_ms=since_ms, until_ms=_END_MS)
            )
    except (ArenaError, PyMongoError) as error:
        print(f"arena: {reason(error)}; nothing is listed", file=sys.stderr)
        return NOT_VERIFIED
    records = list(_records(sorted(rows, key=lambda row: (row["ts"], row["_id"]))))
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([COLUMNS, *records])
        return 0
    for record in (COLUMNS, *records):
        print(f"{record[0]:<26}{record[1]:<20}{record[2]:<68}{record[3]:<26}{record[4]}")
    print(f"\n{len(records)} links of {len({record[1] for record in records})} players")
    return 0


def _records(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Refused links left everything as it was. `again` is the wallet the player had already."""
    for row in rows:
        if row["ok"]:
            change = "new" if "wallet" in row["set"] else "again"
            answer = row["res"]
            yield iso_time(int(row["ts"])), row["acct"], answer["address"], answer["claimsFrom"], change
