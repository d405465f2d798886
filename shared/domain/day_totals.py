"""Where a day's money came from and went: sums of ledger rows, per currency, source or sink, and kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.domain.battle import BATTLE_KIND

if TYPE_CHECKING:
    from shared.domain.ledger import Row

_SYSTEM = "sys:"


@dataclass(slots=True)
class DayTotals:
    """The rows counted so far. `moved` maps (currency, system account, kind) to what left it (+) or came (-).

    Only accepted rows move anything; refusals are counted by themselves.
    """

    day: str
    rows: int = 0
    refusals: int = 0
    accounts: set[str] = field(default_factory=set)
    battles: Counter[str] = field(default_factory=Counter)
    moved: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    is_complete: bool = True

    def count(self, row: Row) -> None:
        """Add one row of the day."""
        self.rows += 1
        self.accounts.add(row.account)
        if not row.ok:
            self.refusals += 1
            return
        if row.kind == BATTLE_KIND:
            self.battles[str(row.answer.get("mode", ""))] += 1
        for leg in row.legs:
            if leg.account.startswith(_SYSTEM):
                self.moved[(leg.currency, leg.account.removeprefix(_SYSTEM), row.kind)] -= leg.delta

    def document(self) -> dict[str, Any]:
        """The totals as JSON: emitted is what players received, sunk what they gave, both positive."""
        lines = [
            {"currency": currency, "account": account, "kind": kind, "amount": str(amount)}
            for (currency, account, kind), amount in sorted(self.moved.items())
            if amount
        ]
        return {
            "day": self.day,
            "isComplete": self.is_complete,
            "rows": self.rows,
            "refusals": self.refusals,
            "players": len(self.accounts),
            "battles": dict(sorted(self.battles.items())),
            "emitted": self._sums(sign=1),
            "sunk": self._sums(sign=-1),
            "lines": lines,
        }

    def _sums(self, *, sign: int) -> dict[str, str]:
        sums: Counter[str] = Counter()
        for (currency, _account, _kind), amount in self.moved.items():
            if amount * sign > 0:
                sums[currency] += amount * sign
        return {currency: str(amount) for currency, amount in sorted(sums.items())}
