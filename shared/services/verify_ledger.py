"""The whole ledger judged from its collections alone, a page at a time: all nine invariants, any size.

Every player is read, then its rows by their known ids, so nothing is sorted and no index but `_id` is
used; memory holds one page, the keys of one account and the budgets' shards. It may run beside live
traffic: a player's rows 1..seq were committed before the player said so, and shards are read after rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from shared.domain.audit import AccountBooks, Violation, is_player, is_row, transit_faults, transit_of
from shared.domain.budget_audit import BudgetAudit, BudgetBooks, Leak
from shared.domain.ledger import row_id
from shared.domain.statement import Statement

if TYPE_CHECKING:
    from shared.ports.audit import LedgerScan

PAGE_ROWS: Final = 1_000
KEPT_VIOLATIONS: Final = 100
LATE_MS: Final = 5 * 60_000
T = TypeVar("T")
Document = Mapping[str, Any]
Progress = Callable[[int, int], None]
"""Called with rows and accounts done, after each page."""


@dataclass(slots=True)
class Verification:
    """What was read and found; `violations` are the first hundred, `count` all of them.

    `unprojected` rows are committed and not yet in their player: a delay, not a fault.
    """

    accounts: int = 0
    unprojected: int = 0
    count: int = 0
    violations: list[Violation] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    statement: Statement = field(default_factory=Statement)

    @property
    def rows(self) -> int:
        return self.statement.rows

    def note(self, violations: Iterable[Violation]) -> None:
        """Keep the first, count all."""
        for violation in violations:
            self.count += 1
            if len(self.violations) < KEPT_VIOLATIONS:
                self.violations.append(violation)


def verify_ledger(
    scan: LedgerScan,
    *,
    now_ms: int,
    late_ms: int = LATE_MS,
    progress: Progress = lambda _rows, _accounts: None,
) -> Verification:
    """Read everything and judge it. Raises Unavailable when the store stops answering.

    Rows younger than `late_ms` may lack their counterpart on another account for having been read
    earlier; 0 is for a ledger that nobody writes to.
    """
    found = Verification()
    walk = _Walk(scan, found, now_ms=now_ms, settled_ms=now_ms - late_ms)
    for page in _pages(_places(scan.players(), found), PAGE_ROWS):
        walk.add(page)
        progress(found.rows, found.accounts)
    walk.close()
    found.note(_orphans(scan))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row of a player is, or for the number after its last might be."""

    player: Document
    seq: int


def _places(players: Iterable[Document], found: Verification) -> Iterator[_Place]:
    for player in players:
        if not is_player(player):
            found.note(
                [Violation(4, str(player["_id"]), str(player["_id"]), "it has not the form of a player")]
            )
            continue
        for seq in range(1, player["seq"] + 2):
            yield _Place(player, seq)


class _Walk:
    """Folds accounts one after the other as their pages come in."""

    def __init__(self, scan: LedgerScan, found: Verification, *, now_ms: int, settled_ms: int) -> None:
        self._scan = scan
        self._found = found
        self._now_ms = now_ms
        self._settled_ms = settled_ms
        self._books = AccountBooks("")
        self._budgets = BudgetBooks()
        self._in_transit: dict[str, int] = {}

    def add(self, page: list[_Place]) -> None:
        """Fetch the page's rows at once and fold each into its account."""
        ids = [row_id(place.player["_id"], place.seq) for place in page]
        rows = {str(row["_id"]): row for row in self._scan.rows_with_ids(ids)}
        for place, place_id in zip(page, ids, strict=True):
            if place.seq == 1:
                self._books = AccountBooks(place.player["_id"])
                self._found.accounts += 1
            if place.seq > place.player["seq"]:
                self._end_account(place.player, rows.get(place_id))
            elif place_id in rows:
                self._fold(rows[place_id])
            else:
                gap = Violation(3, self._books.account, place_id, "there is no such row")
                self._found.note([gap])
        self._check_transit(rows.values())

    def close(self) -> None:
        """Judge what concerns no single account: transit as a whole, and the budgets."""
        for currency, units in self._in_transit.items():
            if units < 0:
                what = f"{-units} {currency} more were taken out than put in"
                self._found.note([Violation(1, "", "transit", what)])
        audit = BudgetAudit(self._budgets)
        for shard in self._scan.shards():
            self._found.note(audit.add(shard.id, cap=shard.cap, available=shard.available))
        self._found.note(audit.close())
        self._found.leaks = audit.leaks()

    def _end_account(self, player: Document, next_row: Document | None) -> None:
        """The player's own number is reached; rows beyond it are committed and wait for their projection."""
        self._found.note(self._books.close(player))
        while next_row is not None:
            self._found.unprojected += 1
            self._fold(next_row)
            self._check_transit([next_row])
            following = self._scan.rows_with_ids([row_id(self._books.account, self._books.seq + 1)])
            next_row = following[0] if following else None

    def _fold(self, row: Document) -> None:
        self._found.note(self._books.add(row, now_ms=self._now_ms))
        if not is_row(row):
            return
        self._budgets.add(row)
        self._found.statement.add(row)
        for (_, currency), amount in transit_of(row).items():
            if amount > 0 or row["ts"] < self._settled_ms:
                self._in_transit[currency] = self._in_transit.get(currency, 0) + amount

    def _check_transit(self, rows: Iterable[Document]) -> None:
        """A first half was read closed: then its second half is there already, and takes the same."""
        first_halves = [
            row for row in rows if is_row(row) and any(amount > 0 for amount in transit_of(row).values())
        ]
        keys = {key for row in first_halves for key, _ in transit_of(row)}
        if not keys:
            return
        second_halves = {str(row["k"]): row for row in self._scan.rows_with_keys(keys) if is_row(row)}
        for row in first_halves:
            self._found.note(transit_faults(row, second_halves))


def _orphans(scan: LedgerScan) -> Iterator[Violation]:
    """Rows that no player's numbers lead to: without a player, or behind a gap.

    A row above its player's number is fine when the row before it exists: so is every one in between.
    """
    for page in _pages(scan.row_places(), PAGE_ROWS):
        players = scan.players_with_ids({account for _, account, _ in page})
        last_seqs = {player["_id"]: player["seq"] for player in players if is_player(player)}
        above: dict[str, tuple[str, str]] = {}
        for place, account, seq in page:
            if account not in last_seqs:
                yield Violation(4, account, place, "there is no player for it")
            elif place != row_id(account, seq):
                yield Violation(3, account, place, "the id is not the account and the number")
            elif seq > last_seqs[account] + 1:
                above[row_id(account, seq - 1)] = (account, place)
        present = {str(row["_id"]) for row in scan.rows_with_ids(above)} if above else set()
        for before, (account, place) in above.items():
            if before not in present:
                yield Violation(3, account, place, "the row before it is missing")


def _pages(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while page := list(islice(remaining, size)):
        yield page
