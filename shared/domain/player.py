"""The player document: a projection of the account's rows 1..seq, and how one more row changes it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.errors import ensure
from shared.domain.ledger import GENESIS, Row, projection_of


@dataclass(frozen=True, slots=True)
class Player:
    """What deciders may read of an account.

    `balances` and `escrow` are whole units per currency; `state` is everything that is not money
    (brokers, cooldowns, streak, wallet, bans, grants ...), changed only through rows.
    """

    id: str
    seq: int = 0
    ts_ms: int = 0
    head: str = GENESIS
    balances: Mapping[str, int] = field(default_factory=dict)
    escrow: Mapping[str, int] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)

    def balance(self, currency: str) -> int:
        return self.balances.get(currency, 0)


def project(player: Player, row: Row) -> Player:
    """The player after `row`, which must be the next of this account."""
    ensure(row.account == player.id and row.seq == player.seq + 1, "rows are projected in order")
    effect = projection_of(row)
    balances, escrow = money_after(player, row)
    state = copy.deepcopy(dict(player.state))
    for path, value in effect.changes.items():
        _set_path(state, path.split("."), value)
    for path in effect.removals:
        _unset_path(state, path.split("."))
    return Player(
        id=player.id,
        seq=row.seq,
        ts_ms=row.ts_ms,
        head=row.hash,
        balances=balances,
        escrow=escrow,
        state=state,
    )


def money_after(player: Player, row: Row) -> tuple[dict[str, int], dict[str, int]]:
    """Balances and escrow after `row`, without the rest of the projection."""
    effect = projection_of(row)
    return _added(player.balances, effect.balance_deltas), _added(player.escrow, effect.escrow_deltas)


def _added(amounts: Mapping[str, int], deltas: Mapping[str, int]) -> dict[str, int]:
    changed = {name: amounts.get(name, 0) + delta for name, delta in deltas.items() if delta}
    return {**amounts, **changed}


def _set_path(document: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        document = document.setdefault(step, {})
    document[path[-1]] = copy.deepcopy(value)


def _unset_path(document: dict[str, Any], path: list[str]) -> None:
    for step in path[:-1]:
        child = document.get(step)
        if not isinstance(child, dict):
            return
        document = child
    document.pop(path[-1], None)
