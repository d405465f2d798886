"""Leaderboards: what a row adds to which board, and how entries are ordered."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from shared.domain.battle import BATTLE_KIND
from shared.domain.calendar import MS_PER_SECOND, utc_day
from shared.domain.errors import ensure

if TYPE_CHECKING:
    from shared.domain.ledger import Row
    from shared.domain.player import Player

BOARDS: Final = ("score", "aiba", "battles")
PERIODS: Final = ("today", "week", "all")
MAX_SCORE: Final = 10**15 - 1
HIDDEN_FOR_GOOD: Final = 2**53
_HIDING_BANS: Final = ("all", "battle")
_PERCENTS: Final = 100


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """An account's place on one board of one period: its score after its rows 1..seq.

    `board` is e.g. `score:day-2026-11-22`, `aiba:week-2026-W47`, `battles:all`. `reached_ms` is when
    the score was reached: of two equal scores the earlier is the better. Hidden until `hidden_until_ms`.
    """

    board: str
    account: str
    score: int = 0
    seq: int = 0
    reached_ms: int = 0
    hidden_until_ms: int = 0

    @property
    def id(self) -> str:
        return f"{self.board}:{self.account}"

    @property
    def rank_key(self) -> str:
        """Sorts entries of a board best first; tells other players nothing of the account."""
        tie = hashlib.sha256(self.account.encode()).hexdigest()[:6]
        return f"{self.board}|{MAX_SCORE - self.score:015d}|{self.reached_ms:015d}|{tie}"

    def is_hidden(self, *, now_ms: int) -> bool:
        return now_ms < self.hidden_until_ms


@dataclass(frozen=True, slots=True)
class BoardSummary:
    """How large a board was at `as_of_ms`, and the rank key at the end of each percent, best first."""

    board: str
    as_of_ms: int
    total: int
    marks: tuple[str, ...]

    def top_percent(self, rank_key: str) -> int:
        """The smallest whole n for which the key was within the top n percent."""
        return min(_PERCENTS, bisect_left(self.marks, rank_key) + 1)


def summary_of(board: str, rank_keys: Sequence[str], *, now_ms: int) -> BoardSummary:
    """Condense a board's sorted keys into one mark per percent; none when it is empty."""
    total = len(rank_keys)
    ends = [-(-total * percent // _PERCENTS) for percent in range(1, _PERCENTS + 1)] if total else []
    return BoardSummary(board, now_ms, total, tuple(rank_keys[end - 1] for end in ends))


def period_name(period: str, *, now_ms: int) -> str:
    """`day-2026-11-22`, `week-2026-W47` (ISO 8601, Monday first, UTC) or `all`."""
    if period == "today":
        return f"day-{utc_day(now_ms)}"
    if period == "week":
        year, week, _ = datetime.fromtimestamp(now_ms // MS_PER_SECOND, tz=UTC).isocalendar()
        return f"week-{year}-W{week:02d}"
    ensure(period == "all", "a period is today, week or all")
    return "all"


def board_name(board: str, period: str, *, now_ms: int) -> str:
    """The board of the period that contains the instant."""
    return f"{board}:{period_name(period, now_ms=now_ms)}"


def units_for(board: str, row: Row) -> int:
    """What a row adds to a board; only battles that were fought count."""
    if not row.ok or row.kind != BATTLE_KIND:
        return 0
    if board == "battles":
        return 1
    return int(row.answer["score"] if board == "score" else row.answer["reward"]["AIBA"])


def folded(
    entry: BoardEntry, rows: Iterable[tuple[Row, int]], *, head_seq: int, hidden_until_ms: int
) -> BoardEntry:
    """The entry with the units of rows it has not counted yet; counting a row twice is impossible."""
    score, reached_ms = entry.score, entry.reached_ms
    for row, units in rows:
        if row.seq > entry.seq and units:
            score, reached_ms = min(MAX_SCORE, score + units), row.ts_ms
    return replace(
        entry,
        score=score,
        reached_ms=reached_ms,
        seq=max(entry.seq, head_seq),
        hidden_until_ms=hidden_until_ms,
    )


def hidden_until_ms(player: Player) -> int:
    """Until when a ban hides the player from boards; 0 when none does."""
    bans: dict[str, Any] = player.state.get("bans", {})
    ends = [int(bans[scope]["until"]) or HIDDEN_FOR_GOOD for scope in _HIDING_BANS if scope in bans]
    return max(ends, default=0)
