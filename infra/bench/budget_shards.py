"""`./arena bench shards`: a day's budget drawn empty through the real holder, to see what sharding strands.

A hold is refused only when no shard has enough, so a budget of S shards asked for `a` units each time ends
with exactly the sum of (shard cap mod a), and with mixed amounts below S times the smallest one refused.
"""

from __future__ import annotations

import random  # noqa: TID251 - amounts and crashes of a simulation, reproduced by its seed
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from shared.domain.budgets import BudgetPlan
from shared.domain.game_config import GameConfig
from shared.domain.ledger import Emission, Hold
from shared.ports.ledger import BudgetShard, LedgerStore
from shared.services.hold_budgets import BudgetHolder

_NOW_MS = 1_795_000_000_000
_CONFIG = GameConfig()


@dataclass(slots=True)
class CountedShards:
    """The store's budget operations in memory, each counted as one command."""

    shards: dict[str, BudgetShard] = field(default_factory=dict)
    commands: int = 0

    def take_hold(self, hold: Hold) -> bool:
        self.commands += 1
        shard = self.shards.get(hold.budget_id)
        if shard is None or shard.available < hold.amount:
            return False
        self.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.available - hold.amount)
        return True

    def give_back(self, hold: Hold) -> None:
        self.commands += 1
        shard = self.shards[hold.budget_id]
        self.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.available + hold.amount)

    def budget_shards(self, group: str) -> list[BudgetShard]:  # noqa: ARG002 - the port's signature; there is one budget
        self.commands += 1
        return list(self.shards.values())

    def ensure_budget(self, group: str, plan: BudgetPlan) -> list[BudgetShard]:
        for index, cap in enumerate(plan.shard_caps()):
            self.shards.setdefault(f"{group}:{index}", BudgetShard(f"{group}:{index}", cap, cap))
        return self.budget_shards(group)


@dataclass(frozen=True, slots=True)
class Drained:
    """A budget after its day: units in rows, units lost with crashed requests, units nobody could have."""

    cap: int
    issued: int
    lost: int
    unused: int
    commands_per_grant: float


def drain(
    plan: BudgetPlan,
    amount_of: Callable[[random.Random], int],
    *,
    processes: int,
    crashes_per_thousand: int,
    seed: int,
) -> Drained:
    """Ask from several processes in turn until all of them are told that nothing is left.

    A crashing request takes its hold and never inserts its row.
    """
    chance = random.Random(seed)  # noqa: S311 - see above
    store = CountedShards()
    holders = [
        BudgetHolder(cast(LedgerStore, cast(Any, store)), lambda _config, _name: plan, lambda: _NOW_MS)
        for _ in range(processes)
    ]
    issued = lost = grants = 0
    refused_in_a_row = number = 0
    while refused_in_a_row < processes * 20:
        number += 1
        amount = amount_of(chance)
        holds = chance.choice(holders).take(
            (Emission("AIBA", amount),), key=f"k{number}", config=_CONFIG, now_ms=_NOW_MS
        )
        if holds is None:
            refused_in_a_row += 1
            continue
        refused_in_a_row = 0
        grants += 1
        if chance.randrange(1000) < crashes_per_thousand:
            lost += amount
        else:
            issued += amount
    unused = sum(shard.available for shard in store.shards.values())
    return Drained(plan.cap, issued, lost, unused, store.commands / max(grants, 1))


def predicted_unused(plan: BudgetPlan, amount: int) -> int:
    """What is left when every request asks for the same amount."""
    return sum(cap % amount for cap in plan.shard_caps())


def _always(amount: int, _: random.Random) -> int:
    return amount


def run_shards() -> int:
    """Print the simulation's table; 1 if a cap was passed or a prediction missed."""
    faults = 0
    print("  shards   amount        cap     issued    unused  predicted  commands/grant")
    for shards in (1, 4, 32, 200):
        for amount in (7, 136):
            plan = BudgetPlan(cap=shards * 100 * 136 + 11, shards=shards)
            found = drain(plan, partial(_always, amount), processes=8, crashes_per_thousand=0, seed=shards)
            predicted = predicted_unused(plan, amount)
            faults += found.issued > plan.cap or found.unused != predicted
            print(
                f"{shards:8} {amount:8} {plan.cap:10} {found.issued:10} {found.unused:9} {predicted:10}"
                f" {found.commands_per_grant:15.2f}"
            )
    return 1 if faults else 0
