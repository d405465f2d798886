"""What a scheduled task has to look at: oldest first, a page at a time, from where it may not look away.

A row's time is taken before its insert, so that one may appear late. What a task remembers is therefore
not how far it looked but until when nothing can appear any more. While it keeps up it sees the last two
minutes again; when it has fallen behind it sees everything once, and every page is progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from shared.domain.calendar import MS_PER_SECOND

if TYPE_CHECKING:
    from shared.domain.row_heads import RowHead
    from shared.ports.clock import Clock
    from shared.ports.ledger import LedgerStore
    from shared.ports.watermarks import Watermarks

LATEST_MS: Final = 120 * MS_PER_SECOND
"""No row appears later than this after its own time: a minute of deciding, and a minute between clocks."""
PAGE_SIZE: Final = 500
Item = TypeVar("Item")
ItemRead = TypeVar("ItemRead", covariant=True)


class ReadPage(Protocol[ItemRead]):
    """The first `limit` items with from_ms <= instant < until_ms, by instant."""

    def __call__(self, *, from_ms: int, until_ms: int, limit: int) -> Sequence[ItemRead]: ...


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items; each one of before `seen_until_ms` that there is was on this page or on one before."""

    items: Sequence[Item]
    seen_until_ms: int


@dataclass(frozen=True, slots=True)
class DueItems(Generic[Item]):
    """Where items come from, and where a task remembers under its `name` how far it has come."""

    name: str
    read: ReadPage[Item]
    instant_of: Callable[[Item], int]
    watermarks: Watermarks
    clock: Clock

    def pages(self, *, first_ms: int, until_ms: int, final_ms: int, run_for_ms: int) -> Iterator[Page[Item]]:
        """Pages of before `until_ms` until none is left or the time is over; at least one. Raises Unavailable.

        Asking for the next page says that everything on this one is done, and is what moves the
        watermark, never past `final_ms`: before it nothing appears any more. `first_ms` is where a task
        begins that never ran.
        """
        started_ms = self.clock.now_ms()
        from_ms, limit = self.watermarks.read(self.name) or first_ms, PAGE_SIZE
        while True:
            items = self.read(from_ms=from_ms, until_ms=until_ms, limit=limit)
            is_last = len(items) < limit
            seen_until_ms = until_ms if is_last else self.instant_of(items[-1])
            yield Page(items, seen_until_ms)
            self.watermarks.write(self.name, min(seen_until_ms, final_ms))
            if is_last:
                return
            if seen_until_ms == from_ms:  # more in one millisecond than fit on a page: no progress yet
                limit *= 2
                continue
            if self.clock.now_ms() - started_ms >= run_for_ms:
                return
            from_ms, limit = seen_until_ms, PAGE_SIZE


def due_rows(
    name: str, *, store: LedgerStore, watermarks: Watermarks, clock: Clock, first_ms: int, run_for_ms: int
) -> Iterator[Page[RowHead]]:
    """The ledger's rows that the task of this name has to look at, until now."""
    now_ms = clock.now_ms()
    due = DueItems(name, store.heads_between, lambda head: head.ts_ms, watermarks, clock)
    return due.pages(
        first_ms=first_ms, until_ms=now_ms + 1, final_ms=now_ms - LATEST_MS, run_for_ms=run_for_ms
    )
