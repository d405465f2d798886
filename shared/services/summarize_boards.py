"""Renewing what a board's percents are read from; a board too large for the time keeps its older summary."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from shared.domain.boards import BOARDS, PERIODS, board_name, summary_of
from shared.domain.calendar import MS_PER_SECOND

if TYPE_CHECKING:
    from shared.ports.boards import BoardStore
    from shared.ports.clock import Clock

SUMMARY_AGE_MS: Final = 600 * MS_PER_SECOND
_MS_PER_TURN: Final = 60 * MS_PER_SECOND
_KEYS_PER_LOOK: Final = 1_000


def summarize_boards(boards: BoardStore, *, clock: Clock, ends_ms: int) -> int:
    """Renew the summaries that are ten minutes old; returns how many. Raises Unavailable.

    Each minute begins with another board, so that one that takes too long is not all that is tried.
    """
    now_ms = clock.now_ms()
    names = [board_name(board, period, now_ms=now_ms) for board, period in product(BOARDS, PERIODS)]
    first = now_ms // _MS_PER_TURN % len(names)
    renewed = 0
    for name in names[first:] + names[:first]:
        if clock.now_ms() >= ends_ms:
            break
        known = boards.summary(name)
        if known is None or now_ms - known.as_of_ms >= SUMMARY_AGE_MS:
            renewed += _summarize(boards, name, clock=clock, ends_ms=ends_ms)
    return renewed


def _summarize(boards: BoardStore, name: str, *, clock: Clock, ends_ms: int) -> int:
    now_ms = clock.now_ms()
    keys: list[str] = []
    for key in boards.rank_keys(name):
        keys.append(key)
        if len(keys) % _KEYS_PER_LOOK == 0 and clock.now_ms() >= ends_ms:
            return 0
    boards.store_summary(summary_of(name, keys, now_ms=now_ms))
    return 1
