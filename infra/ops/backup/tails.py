"""What a copy of a living ledger cannot have whole: rows behind a gap, and halves of transfers.

A cursor in the order of `_id` meets `tg1:19` before `tg1:2`, and one player's rows before another's. So
of what was written while it went on, or while an interrupted backup rested, a copy may hold a row
without the one before it, and one half of a transfer without the other. Each account is therefore
brought back to the last row up to which everything is there; all of it was written after the backup
began, and no player of the copy counts it yet. Who came after the players were copied has rows and no
player, who is made again and reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo.collection import Collection
from pymongo.database import Database

from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.domain.audit import transit_of
from shared.domain.calendar import MS_PER_HOUR
from shared.domain.ledger import row_id
from shared.domain.transfers import transit_account

CHAINS: Final = {"ledger": "players", "admin_audit": "admin_heads"}
BEFORE_MS: Final = MS_PER_HOUR
"""What is older than this before the backup began was certainly written when it began."""
_PAGE: Final = 1_000
Documents = Collection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tails:
    """How many rows were left out, transfers wait for their second half again, and players were made again."""

    left_out: int
    reopened: int
    remade: int = 0


@dataclass(slots=True)
class _Halves:
    """Transfers of the time of the backup: where each half is, by the key of the second."""

    first: dict[str, tuple[str, int]] = field(default_factory=dict)
    second: dict[str, tuple[str, int]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        place = (row["acct"], int(row["seq"]))
        for (key, _), amount in transit_of(row).items():
            (self.first if amount > 0 else self.second)[key] = place
            if amount > 0 and not row.get("open"):
                self.closed.append(key)


def cut_tails(database: Database[dict[str, Any]], *, began_ms: int) -> Tails:
    """Leave out what hangs in the air of a restored copy; a gap that a player counts is damage, and stays."""
    halves, left_out, remade = _Halves(), 0, 0
    since_ms = began_ms - BEFORE_MS
    for name, heads in CHAINS.items():
        rows = database[name]
        cuts = _gaps(rows, halves, since_ms=since_ms)
        if name == "ledger":
            _follow(halves, cuts, rows)
        for account, seq in cuts.items():
            if not database[heads].find_one({"_id": account, "seq": {"$gte": seq}}):
                left_out += rows.delete_many({"acct": account, "seq": {"$gte": seq}}).deleted_count
        remade += _remake(database, name, heads, since_ms=since_ms)
    return Tails(left_out, _reopen(halves, database["ledger"]), remade)


def _gaps(rows: Documents, halves: _Halves, *, since_ms: int) -> dict[str, int]:
    """The first number behind a gap, of each account that has one; transfers are noted on the way."""
    gaps: dict[str, int] = {}
    for page in _pages(rows, since_ms):
        places = {row_id(row["acct"], row["seq"] - 1): row for row in page if row["seq"] > 1}
        present = {found["_id"] for found in rows.find({"_id": {"$in": list(places)}}, {"_id": 1})}
        for row in page:
            halves.add(row)
        for before, row in places.items():
            if before not in present:
                gaps[row["acct"]] = min(int(row["seq"]), gaps.get(row["acct"], int(row["seq"])))
    return gaps


def _follow(halves: _Halves, cuts: dict[str, int], rows: Documents) -> None:
    """A second half goes with its first, and whatever it cuts off may be another's first."""
    is_settled = False
    while not is_settled:
        is_settled = True
        for key, (account, seq) in halves.second.items():
            if _is_in((account, seq), cuts) and not _has_first(halves, key, cuts, rows):
                cuts[account] = seq
                is_settled = False


def _has_first(halves: _Halves, key: str, cuts: dict[str, int], rows: Documents) -> bool:
    if key in halves.first:
        return _is_in(halves.first[key], cuts)
    amount = {"$elemMatch": {"a": transit_account(key), "d": {"$gt": 0}}}
    return rows.find_one({"legs": amount}) is not None  # of before; no index, and hardly ever asked


def _is_in(place: tuple[str, int], cuts: dict[str, int]) -> bool:
    account, seq = place
    return account not in cuts or seq < cuts[account]


def _reopen(halves: _Halves, rows: Documents) -> int:
    """Whoever finds the row open pays the second half, as if the copy had been made a moment before."""
    reopened = 0
    for key in halves.closed:
        if rows.find_one({"k": key}, {"_id": 1}) is None:
            place = row_id(*halves.first[key])
            reopened += rows.update_one({"_id": place}, {"$set": {"open": 1}}).modified_count
    return reopened


def _remake(database: Database[dict[str, Any]], name: str, heads: str, *, since_ms: int) -> int:
    """An account of which everything was written since: as new as at its first row, whoever reads it goes on."""
    store, remade = MongoLedgerStore(database, rows=name, accounts=heads), 0
    for page in _pages(database[name], since_ms):
        new = [row["acct"] for row in page if row["seq"] == 1]
        known = {found["_id"] for found in database[heads].find({"_id": {"$in": new}}, {"_id": 1})}
        for account in set(new) - known:
            store.create_player(account, now_ms=since_ms)
            remade += 1
    return remade


def _pages(rows: Documents, since_ms: int) -> Iterator[list[dict[str, Any]]]:
    page: list[dict[str, Any]] = []
    wanted = {"acct": 1, "seq": 1, "legs": 1, "open": 1}
    for row in rows.find({"ts": {"$gte": since_ms}}, wanted):
        page.append(row)
        if len(page) == _PAGE:
            yield page
            page = []
    yield page
