"""A double-entry statement: what every class of account received and gave, by reason and arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PLAYERS: Final = "players"
_CLASSES: Final = frozenset({"escrow", "transit"})


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line's place: `account` is players, escrow, transit or sys:<name>; `arena` is empty outside battles."""

    currency: str
    account: str
    kind: str
    arena: str


@dataclass(slots=True)
class Turnover:
    """Units that came in and went out over `postings` legs."""

    postings: int = 0
    received: int = 0
    given: int = 0

    @property
    def net(self) -> int:
        return self.received - self.given


@dataclass(slots=True)
class Statement:
    """Adds rows up; per currency the nets of all lines sum to zero, because every row's legs do."""

    rows: int = 0
    refusals: int = 0
    lines: dict[Line, Turnover] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        """Post one stored row."""
        self.rows += 1
        self.refusals += not row["ok"]
        arena = str(row["res"].get("arena", ""))
        for leg in row["legs"]:
            line = Line(leg["c"], account_class(leg["a"]), row["kind"], arena)
            turnover = self.lines.setdefault(line, Turnover())
            turnover.postings += 1
            if leg["d"] >= 0:
                turnover.received += leg["d"]
            else:
                turnover.given -= leg["d"]

    def balances(self) -> dict[str, dict[str, int]]:
        """Account class -> currency -> net, without those that are zero."""
        nets: dict[str, dict[str, int]] = {}
        for line, turnover in sorted(self.lines.items()):
            by_currency = nets.setdefault(line.account, {})
            by_currency[line.currency] = by_currency.get(line.currency, 0) + turnover.net
        return {
            account: {currency: net for currency, net in by_currency.items() if net}
            for account, by_currency in nets.items()
            if any(by_currency.values())
        }

    def differences(self) -> dict[str, int]:
        """Currency -> what the nets of all lines leave; empty when the books close."""
        totals: dict[str, int] = {}
        for line, turnover in self.lines.items():
            totals[line.currency] = totals.get(line.currency, 0) + turnover.net
        return {currency: total for currency, total in totals.items() if total}


def account_class(account: str) -> str:
    """`sys:<name>` as it is; all players', escrow's and transit's accounts under one name each."""
    kind, mark, _ = account.partition(":")
    if kind == "sys":
        return account
    return kind if mark and kind in _CLASSES else PLAYERS
