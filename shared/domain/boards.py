"""Leaderboards: what a row adds to which board, and how entries are ordered."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from shared.domain.battle import BATTLE_KIND, UNDER_REVIEW
from shared.domain.calendar import MS_PER_SECOND, utc_day
from shared.domain.errors import ensure

if TYPE_CHECKING:
    from shared.domain.ledger import Row
    from shared.domain.player import Player

BOARDS: Final = ("score", "aiba", "battles")
PERIODS: Final = ("today", "week", "all")
SHELVES: Final = tuple(f"{board}_{period}" for board in BOARDS for period in PERIODS)
_PERIOD_OF: Final[Mapping[str, str]] = {"day": "today", "week": "week", "all": "all"}
MAX_SCORE: Final = 10**15 - 1
HIDDEN_FOR_GOOD: Final = 2**53
_HIDING_BANS: Final = ("all", "battle")
_PERCENTS: Final = 100


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """An account's place on one board of one period, as readers of boards see it.

    `board` is e.g. `score:day-2026-11-22`, `aiba:week-2026-W47`, `battles:all`. `reached_ms` is when
    the score was reached: of two equal scores the earlier is the better. Hidden until `hidden_until_ms`.
    """

    board: str
    account: str
    score: int
    reached_ms: int
    hidden_until_ms: int = 0

    @property
    def rank_key(self) -> str:
        """Sorts entries of a board best first; tells other players nothing of the account."""
        return Score(self.board, self.score, self.reached_ms).rank_key(self.account)

    def is_hidden(self, *, now_ms: int) -> bool:
        return now_ms < self.hidden_until_ms


@dataclass(frozen=True, slots=True)
class Score:
    """So many units on one board of one period, and when they were reached."""

    board: str
    units: int
    reached_ms: int

    def rank_key(self, account: str) -> str:
        """The score as one string that sorts best first; `score_of_key` reads it back."""
        tie = hashlib.sha256(account.encode()).hexdigest()[:6]
        return f"{self.board}|{MAX_SCORE - self.units:015d}|{self.reached_ms:015d}|{tie}"


def score_of_key(rank_key: str) -> Score:
    """The score that this key was made of."""
    board, missing, reached_ms, _ = rank_key.split("|")
    return Score(board, MAX_SCORE - int(missing), int(reached_ms))


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account's rows 1..seq add up to on every board: one document, so that one write moves all.

    `scores` has the last period of each kind of board in which the account scored, by `shelf_of` the
    board; a new day or week takes the place of the one before, so nothing old has to be cleared away.
    """

    account: str
    seq: int = 0
    hidden_until_ms: int = 0
    scores: Mapping[str, Score] = field(default_factory=dict)

    def entry(self, board: str) -> BoardEntry | None:
        """The account's place on the board, or None while it has no score there."""
        score = self.scores.get(shelf_of(board))
        if score is None or score.board != board:
            return None
        return BoardEntry(board, self.account, score.units, score.reached_ms, self.hidden_until_ms)

    def differs_visibly(self, other: Standing) -> bool:
        """Whether more than the seq moved."""
        return (self.scores, self.hidden_until_ms) != (other.scores, other.hidden_until_ms)


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


def shelf_of(board: str) -> str:
    """`score_today` of `score:day-2026-11-22`: the place that a kind of board keeps from period to period."""
    name, _, period = board.partition(":")
    return f"{name}_{_PERIOD_OF[period.partition('-')[0]]}"


def units_for(board: str, row: Row) -> int:
    """What a row adds to a board; only battles that were fought, with a score that can be, count."""
    if not row.ok or row.kind != BATTLE_KIND or row.answer.get("rewardHeldBecause") == UNDER_REVIEW:
        return 0
    if board == "battles":
        return 1
    return int(row.answer["score"] if board == "score" else row.answer["reward"]["AIBA"])


def folded(standing: Standing, rows: Sequence[Row], *, hidden_until_ms: int) -> Standing:
    """The standing after these rows too, which follow one another from its seq on.

    Raises InvariantBroken when they do not: a row left out would never be counted.
    """
    seqs = [row.seq for row in rows]
    ensure(
        seqs == list(range(standing.seq + 1, standing.seq + 1 + len(rows))),
        "the rows of an account are counted one after another",
    )
    scores = dict(standing.scores)
    for row in rows:
        for board in BOARDS:
            if units := units_for(board, row):
                _count(scores, board, units, ts_ms=row.ts_ms)
    return Standing(standing.account, standing.seq + len(rows), hidden_until_ms, scores)


def _count(scores: dict[str, Score], board: str, units: int, *, ts_ms: int) -> None:
    """Add the units to the board of each period that contains the instant; a new period begins at nothing."""
    for period in PERIODS:
        name = board_name(board, period, now_ms=ts_ms)
        known = scores.get(shelf_of(name))
        before = known.units if known is not None and known.board == name else 0
        scores[shelf_of(name)] = Score(name, min(MAX_SCORE, before + units), ts_ms)


def hidden_until_ms(player: Player) -> int:
    """Until when a ban hides the player from boards; 0 when none does."""
    bans: dict[str, Any] = player.state.get("bans", {})
    ends = [int(bans[scope]["until"]) or HIDDEN_FOR_GOOD for scope in _HIDING_BANS if scope in bans]
    return max(ends, default=0)
