"""Folding ledger rows into leaderboards: killed anywhere and run again, the boards equal the fold of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.battle import UNDER_REVIEW
from shared.domain.boards import (
    BOARDS,
    PERIODS,
    BoardEntry,
    board_name,
    folded,
    hidden_until_ms,
    summary_of,
    units_for,
)
from shared.domain.calendar import MS_PER_DAY, MS_PER_SECOND

if TYPE_CHECKING:
    from shared.domain.ledger import Row
    from shared.domain.player import Player
    from shared.ports.boards import BoardStore
    from shared.ports.clock import Clock
    from shared.ports.watermarks import Watermarks
    from shared.services.commit import Committer

WATERMARK: Final = "boards"
OVERLAP_MS: Final = 120 * MS_PER_SECOND
SUMMARY_AGE_MS: Final = 600 * MS_PER_SECOND
EXACT_RANKS: Final = 1_000
Report = Callable[[str, Mapping[str, Any]], None]
_ROWS_PER_READ: Final = 100
_REMOVED_PER_RUN: Final = 200
_IDLE_ROWS: Final = 20
"""How many rows that count for nothing are looked at again before the all-time entry moves past them."""


@dataclass(frozen=True, slots=True)
class BoardFolding:
    """What the scheduled fold needs; `report` counts facts that somebody must look at."""

    committer: Committer
    boards: BoardStore
    watermarks: Watermarks
    clock: Clock
    report: Report


@dataclass(slots=True)
class BoardTally:
    """What one run found and did."""

    rows: int = 0
    accounts: int = 0
    entries_changed: int = 0
    summaries: int = 0
    removed: int = 0


def fold_boards(folding: BoardFolding) -> BoardTally:
    """Bring every account with rows since the last run up to its head, on all boards.

    Which accounts to look at comes from row times, with two minutes' overlap; which rows count comes
    from each entry's own seq, so neither a crash nor a second run counts a row twice or leaves one out.
    """
    tally = BoardTally()
    now_ms = folding.clock.now_ms()
    since_ms = max(0, folding.watermarks.read(WATERMARK) - OVERLAP_MS)
    accounts: dict[str, None] = {}
    for row in folding.committer.store.rows_between(from_ms=since_ms, until_ms=now_ms + 1):
        tally.rows += 1
        accounts[row.account] = None
        if row.answer.get("rewardHeldBecause") == UNDER_REVIEW:
            folding.report("impossible_score", {"row": row.id})
    for account in accounts:
        tally.accounts += 1
        tally.entries_changed += fold_account(folding, account, now_ms=now_ms)
    folding.watermarks.write(WATERMARK, now_ms)
    tally.summaries = _summarize(folding, now_ms=now_ms)
    tally.removed = _remove_past(folding, now_ms=now_ms)
    return tally


def fold_account(folding: BoardFolding, account: str, *, now_ms: int) -> int:
    """Count the account's rows on each board; returns how many entries changed.

    The all-time entry is written last: once it stands at a seq, the shorter periods have counted every
    row up to it, so an entry of theirs that does not exist yet begins there.
    """
    player = folding.committer.read_player(account)
    names = {board: board_name(board, "all", now_ms=now_ms) for board in BOARDS}
    found = folding.boards.entries([f"{name}:{account}" for name in names.values()])
    all_time = {entry.board: entry for entry in found}
    counted = min((all_time[name].seq if name in all_time else 0) for name in names.values())
    rows = list(_rows(folding, player, from_seq=counted + 1))
    changed = 0
    for board, name in names.items():
        entry = all_time.get(name, BoardEntry(name, account))
        changed += _fold_board(folding, board, entry, rows, player=player, now_ms=now_ms)
    return changed


def _fold_board(
    folding: BoardFolding, board: str, all_time: BoardEntry, rows: list[Row], *, player: Player, now_ms: int
) -> int:
    hidden = hidden_until_ms(player)
    by_period: dict[str, list[tuple[Row, int]]] = {
        board_name(board, period, now_ms=now_ms): [] for period in PERIODS
    }
    for row in rows:
        units = units_for(board, row)
        for period in PERIODS:
            by_period.setdefault(board_name(board, period, now_ms=row.ts_ms), []).append((row, units))
    last = by_period.pop(all_time.board)
    known = {
        entry.board: entry for entry in folding.boards.entries([f"{name}:{player.id}" for name in by_period])
    }
    changed = 0
    for name, counted in by_period.items():
        entry = known.get(name, BoardEntry(name, player.id, seq=all_time.seq))
        after = folded(entry, counted, head_seq=player.seq, hidden_until_ms=hidden)
        if after.score and is_visibly_changed(entry, after):
            changed += _store(folding, entry, after, is_new=name not in known)
    after = folded(all_time, last, head_seq=player.seq, hidden_until_ms=hidden)
    if is_visibly_changed(all_time, after) or after.seq - all_time.seq >= _IDLE_ROWS or all_time.seq == 0:
        changed += _store(folding, all_time, after, is_new=all_time.seq == 0)
    return changed


def is_visibly_changed(before: BoardEntry, after: BoardEntry) -> bool:
    """Whether more than the seq moved: rows that count for nothing need no write, only another look."""
    return (before.score, before.hidden_until_ms) != (after.score, after.hidden_until_ms)


def _store(folding: BoardFolding, before: BoardEntry, after: BoardEntry, *, is_new: bool) -> int:
    """Write a changed entry; whoever was faster has counted at least as much, and the next run goes on."""
    if is_new:
        return int(folding.boards.insert(after))
    return int(folding.boards.replace(after, expected_seq=before.seq))


def _rows(folding: BoardFolding, player: Player, *, from_seq: int) -> Iterator[Row]:
    for first in range(from_seq, player.seq + 1, _ROWS_PER_READ):
        last = min(first + _ROWS_PER_READ, player.seq + 1)
        yield from folding.committer.store.rows_at(player.id, range(first, last))


def _remove_past(folding: BoardFolding, *, now_ms: int) -> int:
    """Delete some entries of the day before yesterday and the week before last: the boards never outgrow players."""
    removed = 0
    for period, age_ms in (("today", 2 * MS_PER_DAY), ("week", 14 * MS_PER_DAY)):
        for board in BOARDS:
            name = board_name(board, period, now_ms=now_ms - age_ms)
            past = folding.boards.below(name, "", limit=_REMOVED_PER_RUN)
            folding.boards.remove([entry.id for entry in past])
            removed += len(past)
    return removed


def _summarize(folding: BoardFolding, *, now_ms: int) -> int:
    """Renew the percents of boards that are larger than ranks are exact; small ones need none."""
    renewed = 0
    for board in BOARDS:
        for period in PERIODS:
            name = board_name(board, period, now_ms=now_ms)
            known = folding.boards.summary(name)
            if known is not None and now_ms - known.as_of_ms < SUMMARY_AGE_MS:
                continue
            if len(folding.boards.below(name, "", limit=EXACT_RANKS + 1)) <= EXACT_RANKS:
                continue
            keys = list(folding.boards.rank_keys(name))
            folding.boards.store_summary(summary_of(name, keys, now_ms=now_ms))
            renewed += 1
    return renewed
