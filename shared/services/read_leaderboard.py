"""Leaderboards as players see them: pages from the top, and the places around oneself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.aliases import alias_of
from shared.domain.boards import BOARDS, PERIODS, BoardEntry, board_name
from shared.domain.calendar import iso_time
from shared.domain.cursors import cursor_int, read_cursor, write_cursor
from shared.domain.errors import Refused
from shared.services.fold_boards import AS_OF

if TYPE_CHECKING:
    from shared.ports.boards import BoardStore
    from shared.ports.clock import Clock
    from shared.ports.watermarks import Watermarks

EXACT_RANKS: Final = 1_000
NEIGHBOURS: Final = 5
_MAX_READS: Final = 4
_KEY_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Leaderboards:
    """What reading boards needs; `watermarks` tells how fresh they are."""

    boards: BoardStore
    watermarks: Watermarks
    clock: Clock


def read_leaderboard(
    board: str, period: str, *, account: str, limit: int, cursor: str | None, leaderboards: Leaderboards
) -> dict[str, Any]:
    """A page best first; ranks count visible players only. Refused `board_unknown`, `invalid_cursor`."""
    now_ms = leaderboards.clock.now_ms()
    name = _name(board, period, now_ms=now_ms)
    key, rank = "", 0
    if cursor is not None:
        position = read_cursor(f"board:{name}", cursor)
        key, rank = _cursor_key(position, name), cursor_int(position, "rank", low=0, high=10**9)
    entries, next_key = _visible(leaderboards, name, key, limit=limit, now_ms=now_ms)
    items = [_item(entry, rank + place, account) for place, entry in enumerate(entries, start=1)]
    answer = _heading(board, period, leaderboards) | {"items": items, "nextCursor": None}
    if next_key:
        position = {"key": next_key.removeprefix(name), "rank": rank + len(items)}
        answer["nextCursor"] = write_cursor(f"board:{name}", position)
    return answer


def read_around(board: str, period: str, *, account: str, leaderboards: Leaderboards) -> dict[str, Any]:
    """The player's own place with five neighbours each side; without a score there is none.

    The rank is exact among the first 1,000, hidden ones counted too; beyond, `topPercent` says how far
    up, as of the last summary.
    """
    now_ms = leaderboards.clock.now_ms()
    name = _name(board, period, now_ms=now_ms)
    answer = _heading(board, period, leaderboards) | {"items": []}
    own = next((standing.entry(name) for standing in leaderboards.boards.standings([account])), None)
    if own is None or own.is_hidden(now_ms=now_ms):
        return answer
    read = leaderboards.boards.above(name, own.rank_key, limit=EXACT_RANKS)
    above = [entry for entry in read if not entry.is_hidden(now_ms=now_ms)]
    below, _ = _visible(leaderboards, name, own.rank_key, limit=NEIGHBOURS, now_ms=now_ms)
    nearest = [*reversed(above[:NEIGHBOURS]), own, *below]
    if len(read) < EXACT_RANKS:  # else there may be more above than were read
        first = len(above) + 1 - min(NEIGHBOURS, len(above))
        answer["items"] = [_item(entry, rank, account) for rank, entry in enumerate(nearest, start=first)]
        return answer
    answer["items"] = [_item(entry, None, account) for entry in nearest]
    summary = leaderboards.boards.summary(name)
    if summary is not None:
        answer["topPercent"] = summary.top_percent(own.rank_key)
    return answer


def _visible(
    leaderboards: Leaderboards, name: str, key: str, *, limit: int, now_ms: int
) -> tuple[list[BoardEntry], str]:
    """Up to `limit` visible entries after `key`, and the key to go on from; empty at the end."""
    shown: list[BoardEntry] = []
    for _ in range(_MAX_READS):
        wanted = limit - len(shown)
        entries = leaderboards.boards.below(name, key, limit=wanted)
        shown += [entry for entry in entries if not entry.is_hidden(now_ms=now_ms)]
        if len(entries) < wanted:
            return shown, ""
        key = entries[-1].rank_key
        if len(shown) == limit:
            break
    return shown, key


def _name(board: str, period: str, *, now_ms: int) -> str:
    if board not in BOARDS or period not in PERIODS:
        raise Refused("There is no such leaderboard", code="board_unknown")
    return board_name(board, period, now_ms=now_ms)


def _cursor_key(position: Any, name: str) -> str:
    key = position.get("key")
    if isinstance(key, str) and key.startswith("|") and len(key) <= _KEY_LENGTH and key.isascii():
        return name + key
    raise Refused("This cursor is not one of this list", code="invalid_cursor")


def _heading(board: str, period: str, leaderboards: Leaderboards) -> dict[str, Any]:
    """`asOf` is left out while the boards were never folded: there is no instant that they show."""
    heading = {"board": board, "period": period}
    as_of_ms = leaderboards.watermarks.read(AS_OF)
    return heading | {"asOf": iso_time(as_of_ms)} if as_of_ms else heading


def _item(entry: BoardEntry, rank: int | None, account: str) -> dict[str, Any]:
    item: dict[str, Any] = {"alias": alias_of(entry.account), "score": str(entry.score)}
    if rank is not None:
        item["rank"] = rank
    if entry.account == account:
        item["isMe"] = True
    return item
