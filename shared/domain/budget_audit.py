"""Invariant 5 over budgets: what rows hold fits what shards gave, and what was wasted on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.audit import Violation, holds_of

LEAK_ALARM_PER_MILLION: Final = 1_000
"""0.1 % of a budget taken from its shards without a row: more than crashes explain."""


@dataclass(slots=True)
class BudgetBooks:
    """Units held by rows per shard; memory grows with the number of shards, not of rows."""

    held: dict[str, int] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row's holds."""
        for budget_id, amount in holds_of(row):
            self.held[budget_id] = self.held.get(budget_id, 0) + amount


@dataclass(frozen=True, slots=True)
class Leak:
    """Units of one budget (`<name>:<period>`) that left its shards and are in no row: crashes, or requests under way."""

    group: str
    cap: int
    units: int

    @property
    def is_alarming(self) -> bool:
        return self.units * 1_000_000 > self.cap * LEAK_ALARM_PER_MILLION


@dataclass(slots=True)
class BudgetAudit:
    """Shards compared with the rows' holds; read the shards AFTER the rows.

    A hold is taken before its row is inserted and given back only where there is none, so a shard read
    later has given at least what the rows seen before it hold.
    """

    books: BudgetBooks
    _unseen: set[str] = field(init=False)
    _taken: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._unseen = set(self.books.held)

    def add(self, shard_id: str, *, cap: int, available: int) -> Iterator[Violation]:
        """Judge one shard."""
        held = self.books.held.get(shard_id, 0)
        self._unseen.discard(shard_id)
        group = shard_id.rsplit(":", 1)[0]
        group_cap, leaked = self._taken.get(group, (0, 0))
        self._taken[group] = (group_cap + cap, leaked + cap - available - held)
        if not 0 <= available <= cap:
            yield Violation(5, "", shard_id, f"{available} available of {cap}")
        if held > cap - available:
            yield Violation(5, "", shard_id, f"rows hold {held}, the shard gave {cap - available}")

    def close(self) -> Iterator[Violation]:
        """Name what rows hold of shards that do not exist."""
        for shard_id in sorted(self._unseen):
            yield Violation(5, "", shard_id, f"rows hold {self.books.held[shard_id]} of no such shard")

    def leaks(self) -> list[Leak]:
        """Every budget that lost something, the largest part first."""
        lost = [Leak(group, cap, units) for group, (cap, units) in self._taken.items() if units > 0]
        return sorted(lost, key=lambda leak: -leak.units / max(leak.cap, 1))


def leaks_that_alarm(leaks: Iterable[Leak]) -> list[Leak]:
    """Those above 0.1 % of their cap."""
    return [leak for leak in leaks if leak.is_alarming]
