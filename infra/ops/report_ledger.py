"""`./arena ledger report`: a day's sources and sinks, double entry, as a table or as CSV."""

from __future__ import annotations

import csv
import sys
from typing import Final, TextIO

from pymongo.errors import PyMongoError

from infra.ops.driver_errors import reason
from infra.ops.verify_ledger import NOT_VERIFIED, opened
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.domain.audit import is_row
from shared.domain.calendar import MS_PER_DAY, day_start_ms
from shared.domain.errors import ArenaError
from shared.domain.statement import Statement
from shared.ports.audit import LedgerScan

_COLUMNS: Final = ("day", "currency", "account", "kind", "arena", "postings", "received", "given", "net")
_UNBALANCED: Final = 1


def statement_of_day(scan: LedgerScan, day: str) -> Statement:
    """Every row of a UTC day, added up; a day's rows are those whose time lies in it."""
    start_ms = day_start_ms(day)
    statement = Statement()
    for row in scan.rows_between(from_ms=start_ms, until_ms=start_ms + MS_PER_DAY):
        if is_row(row):
            statement.add(row)
    return statement


def run_report(uri: str, database: str, *, day: str, as_csv: bool) -> int:
    """0 when the day's books close, 1 when they do not, 2 when the database could not be read."""
    try:
        with opened(uri, database) as documents:
            statement = statement_of_day(MongoLedgerScan(documents), day)
    except (ArenaError, PyMongoError) as error:
        print(f"arena: {reason(error)}; nothing is reported", file=sys.stderr)
        return NOT_VERIFIED
    (_write_csv if as_csv else _write_table)(statement, day, sys.stdout)
    for currency, difference in statement.differences().items():
        print(f"arena: {currency} does not sum to zero but to {difference}", file=sys.stderr)
    return _UNBALANCED if statement.differences() else 0


def _records(statement: Statement, day: str) -> list[tuple[str, ...]]:
    return [
        (
            *(day, line.currency, line.account, line.kind, line.arena),
            *(str(number) for number in (turnover.postings, turnover.received, turnover.given, turnover.net)),
        )
        for line, turnover in sorted(statement.lines.items())
    ]


def _write_csv(statement: Statement, day: str, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_records(statement, day))


def _write_table(statement: Statement, day: str, out: TextIO) -> None:
    records = [_COLUMNS[1:], *(record[1:] for record in _records(statement, day))]
    widths = [max(len(record[column]) for record in records) for column in range(len(records[0]))]
    out.write(f"{day}: {statement.rows} rows, {statement.refusals} of them refusals\n\n")
    for record in records:
        words = [word.ljust(width) for word, width in zip(record[:4], widths[:4], strict=True)]
        numbers = [number.rjust(width) for number, width in zip(record[4:], widths[4:], strict=True)]
        out.write("  ".join([*words, *numbers]).rstrip() + "\n")
    out.write("\nEvery currency's nets sum to zero.\n" if not statement.differences() else "\n")
