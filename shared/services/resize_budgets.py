"""A changed cap reaches the budgets of the day and hour that have begun already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.budget_plans import (
    ADMIN_AIBA,
    AIBA,
    CLAIMS,
    CLAIMS_PER_HOUR,
    NEUR,
    plan_budget,
)
from shared.domain.budgets import budget_group
from shared.domain.errors import Unavailable
from shared.domain.ledger import Emission

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.ports.ledger import BudgetShard, LedgerStore

PASSES: Final = 8


@dataclass(frozen=True, slots=True)
class ResizedBudget:
    """A budget after a change of its cap; `cap` is above `wanted` by what was spent or held already."""

    group: str
    wanted: int
    cap: int
    available: int


def resize_budgets(
    before: GameConfig,
    after: GameConfig,
    *,
    store: LedgerStore,
    now_ms: int,
    latest: Callable[[], GameConfig],
) -> list[ResizedBudget]:
    """Bring each budget whose cap changed to the new one, as far as it is not spent yet.

    Looks at what is there and moves towards what is wanted, so that a repetition changes nothing. A
    budget that nobody used yet is created by the former plan first: an instance with a configuration
    3 s old would do the same a moment later. When the configuration changed meanwhile, its cap counts.
    """
    resized = []
    for name, period in _changed(before, after):
        group = budget_group(Emission(name, 0, period), now_ms=now_ms)
        store.ensure_budget(group, plan_budget(before, name))
        resized.append(_resize(group, name, store=store, latest=latest))
    return resized


def _changed(before: GameConfig, after: GameConfig) -> list[tuple[str, str]]:
    old, new = before.economy, after.economy
    names = [(name, "day") for name in (AIBA, NEUR, CLAIMS, ADMIN_AIBA)] + [(CLAIMS_PER_HOUR, "hour")]
    for currency, old_caps, new_caps in (
        (AIBA, old.daily_cap_aiba_by_arena, new.daily_cap_aiba_by_arena),
        (NEUR, old.daily_cap_neur_by_arena, new.daily_cap_neur_by_arena),
    ):
        # An arena's first cap has no budget yet, and one that was withdrawn is asked for no more.
        names += [(f"{currency}@{arena}", "day") for arena in sorted(old_caps.keys() & new_caps.keys())]
    return [
        (name, period)
        for name, period in names
        if plan_budget(before, name).cap != plan_budget(after, name).cap
    ]


def _resize(group: str, name: str, *, store: LedgerStore, latest: Callable[[], GameConfig]) -> ResizedBudget:
    for _ in range(PASSES):
        config = latest()
        wanted = plan_budget(config, name).cap
        shards = store.budget_shards(group)
        total = sum(shard.cap for shard in shards)
        left = sum(shard.available for shard in shards)
        if total == wanted or (total > wanted and left == 0):
            return ResizedBudget(group, wanted, total, left)
        # Named after what was seen: whoever saw the same and does the same does it once.
        seen = f"r{config.revision}_{total}"
        if total < wanted:
            store.add_shard(group, seen, cap=wanted - total)
        else:
            _lower(shards, total - wanted, name=seen, store=store)
    raise Unavailable("The budget is used too much to change it now", code="budget_busy")


def _lower(shards: list[BudgetShard], excess: int, *, name: str, store: LedgerStore) -> None:
    for shard in sorted(shards, key=lambda shard: -shard.available):
        amount = min(excess, shard.available)
        if amount:
            excess -= store.lower_shard(shard.id, amount=amount, name=name)
