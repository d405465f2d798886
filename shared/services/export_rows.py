"""Exports as CSV (RFC 4180), line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import iso_time
from shared.domain.ledger import Row, projection_of
from shared.domain.money import CURRENCIES

if TYPE_CHECKING:
    from shared.services.commit import Committer

CHUNK: Final = 200
LEDGER_ROWS_MAX: Final = 20_000
"""A function's answer is bounded; the next export begins where this one ended, by `fromSeq`."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def export_ledger(account: str, *, from_seq: int, committer: Committer) -> Iterator[str]:
    """A player's rows from `from_seq` on, oldest first: one line per row, refusals included.

    Raises Refused `player_unknown` before the first line.
    """
    player = committer.read_player(account)
    last = min(player.seq, from_seq + LEDGER_ROWS_MAX - 1)
    return _ledger_lines(account, first=from_seq, last=last, committer=committer)


def export_emission(days: Sequence[dict[str, object]]) -> Iterator[str]:
    """Daily totals (day_totals.document) as lines of day, currency, account, kind, amount."""
    yield csv_line(["day", "currency", "account", "kind", "amount", "isComplete"])
    for day in days:
        lines = day["lines"]
        for line in lines if isinstance(lines, list) else []:
            cells = [day["day"], line["currency"], line["account"], line["kind"], line["amount"]]
            yield csv_line([*cells, day["isComplete"]])


def csv_line(cells: Iterable[object]) -> str:
    """One line. A text that a spreadsheet would take for a formula gets an apostrophe; numbers do not."""
    return ",".join(_cell(str(cell)) for cell in cells) + "\r\n"


def _ledger_lines(account: str, *, first: int, last: int, committer: Committer) -> Iterator[str]:
    escrow = [f"{currency}.escrow" for currency in ("AIBA",)]
    yield csv_line(["seq", "at", "kind", "accepted", *CURRENCIES, *escrow, "key", "hash"])
    for start in range(first, last + 1, CHUNK):
        seqs = range(start, min(start + CHUNK, last + 1))
        for row in committer.store.rows_at(account, seqs):
            yield _ledger_line(row)


def _ledger_line(row: Row) -> str:
    effect = projection_of(row)
    amounts = [effect.balance_deltas.get(currency, 0) for currency in CURRENCIES]
    held = effect.escrow_deltas.get("AIBA", 0)
    return csv_line([row.seq, iso_time(row.ts_ms), row.kind, int(row.ok), *amounts, held, row.key, row.hash])


def _cell(text: str) -> str:
    is_number = text.removeprefix("-").isdecimal()
    if text.startswith(_FORMULA_STARTS) and not is_number:
        text = "'" + text
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
