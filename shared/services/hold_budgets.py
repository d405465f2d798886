"""Taking and returning holds on sharded emission budgets: exact from above, never more than the cap.

A hold is taken at most once per try and given back at most once, never retried: a lost
acknowledgement can only waste a little of the cap, it can never issue more than it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.domain.budgets import BudgetPlan, budget_group, shard_of
from shared.domain.calendar import MS_PER_SECOND
from shared.domain.errors import Unavailable
from shared.domain.game_config import GameConfig
from shared.domain.ledger import Emission, Hold

if TYPE_CHECKING:
    from shared.ports.ledger import BudgetShard, LedgerStore

EXHAUSTED_FOR_MS = 5 * MS_PER_SECOND
REMEMBERED_GROUPS = 256
PlanBudget = Callable[[GameConfig, str], BudgetPlan]


@dataclass(slots=True)
class _Exhaustion:
    """What this process learnt: nothing of `amount` or more is left in the group while its uptime is below."""

    amount: int
    until_uptime_ms: int


@dataclass(slots=True)
class BudgetHolder:
    """Takes holds for one process; remembers for 5 s what is exhausted, and which shards had something left.

    `uptime_ms` is the process' own: the time of an account may be an hour ahead, and what one account
    found exhausted counts for all.
    """

    store: LedgerStore
    plan_budget: PlanBudget
    uptime_ms: Callable[[], int]
    _exhausted: dict[str, _Exhaustion] = field(default_factory=dict)
    _shards: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def take(
        self, emissions: tuple[Emission, ...], *, key: str, config: GameConfig, now_ms: int
    ) -> tuple[Hold, ...] | None:
        """All holds in the given order, or None after giving back those taken: the cap is reached.

        Raises Unavailable when the store does not answer; holds taken before are given back once.
        """
        taken: list[Hold] = []
        for emission in emissions:
            try:
                hold = self._take_one(emission, key=key, config=config, now_ms=now_ms)
            except Unavailable:
                self.give_back(tuple(taken))
                raise
            if hold is None:
                self.give_back(tuple(taken))
                return None
            taken.append(hold)
        return tuple(taken)

    def give_back(self, holds: tuple[Hold, ...]) -> None:
        """Return each hold once. A failure is not retried and not raised: it wastes, it never over-issues."""
        for hold in holds:
            try:
                self.store.give_back(hold)
            except Unavailable:
                continue  # the request's own outcome does not depend on it; the audit reports the leak

    def _take_one(self, emission: Emission, *, key: str, config: GameConfig, now_ms: int) -> Hold | None:
        group = budget_group(emission, now_ms=now_ms)
        exhausted = self._exhausted.get(group)
        if (
            exhausted is not None
            and self.uptime_ms() < exhausted.until_uptime_ms
            and emission.amount >= exhausted.amount
        ):
            return None
        known = self._shards.get(group, ())
        plan = None if known else self.plan_budget(config, emission.name)
        shard = known[shard_of(key, len(known))] if plan is None else f"{group}:{shard_of(key, plan.shards)}"
        first = Hold(shard, emission.amount)
        if self.store.take_hold(first):
            return first
        # A miss may mean that this period's budget does not exist yet. Whoever is first fixes its plan.
        shards = self.store.budget_shards(group) if plan is None else self.store.ensure_budget(group, plan)
        return self._take_from_fullest(group, shards, emission.amount)

    def _take_from_fullest(self, group: str, shards: Sequence[BudgetShard], amount: int) -> Hold | None:
        """From the shards there really are: a changed cap or number of shards may have made them others."""
        self._remember(group, shards, amount)
        fullest = max(shards, key=lambda shard: shard.available, default=None)
        if fullest is not None and fullest.available >= amount:
            hold = Hold(fullest.id, amount)
            if self.store.take_hold(hold):
                return hold
        if len(self._exhausted) > REMEMBERED_GROUPS:
            self._exhausted.clear()
        # More than the fullest shard holds is out of reach for everyone, not only for this amount.
        out_of_reach = amount if fullest is None else min(amount, fullest.available + 1)
        self._exhausted[group] = _Exhaustion(out_of_reach, self.uptime_ms() + EXHAUSTED_FOR_MS)
        return None

    def _remember(self, group: str, shards: Sequence[BudgetShard], amount: int) -> None:
        """The shards worth trying first: those with as much left, or all of them when none has."""
        if len(self._shards) > REMEMBERED_GROUPS:
            self._shards.clear()
        left = sorted(shard.id for shard in shards if shard.available >= amount)
        self._shards[group] = tuple(left or sorted(shard.id for shard in shards))
