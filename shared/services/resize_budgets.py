"""A changed cap reaches the budgets that have begun already: at once by its change, and for good each minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.budget_plans import known_budgets, plan_budget
from shared.domain.budgets import budget_group, next_budget_group
from shared.domain.errors import Unavailable

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.domain.ledger import Emission
    from shared.ports.ledger import BudgetShard, LedgerStore

PASSES: Final = 8


@dataclass(frozen=True, slots=True)
class ResizedBudget:
    """A budget after a change of its cap; `cap` is above `wanted` by what was spent or held already."""

    group: str
    wanted: int
    cap: int
    available: int


@dataclass(slots=True)
class BudgetTally:
    """What one scheduled run looked at, and the groups whose cap it had to put right."""

    budgets: int = 0
    resized: list[str] = field(default_factory=list)


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
    former = set(known_budgets(before))
    for emission in known_budgets(after):
        # An arena's cap may have been set and withdrawn before today: its budget is as it was then.
        is_new = emission not in former
        plan = plan_budget(after if is_new else before, emission.name)
        if is_new or plan.cap != plan_budget(after, emission.name).cap:
            group = budget_group(emission, now_ms=now_ms)
            store.ensure_budget(group, plan)
            resized.append(_resize(group, emission.name, store=store, latest=latest))
    return resized


def keep_budgets(*, store: LedgerStore, now_ms: int, latest: Callable[[], GameConfig]) -> BudgetTally:
    """Bring every budget that has begun, of this period and the next, to the present configuration's cap.

    An instance whose configuration is 3 s old, whose clock is ahead, or whose player's last row is, may
    begin a period with a cap that was changed just before: nobody but this would ever notice. Two reads
    while everything is as it should be. Raises Unavailable.
    """
    config, tally = latest(), BudgetTally()
    groups: dict[str, Emission] = {}
    for emission in known_budgets(config):
        groups[budget_group(emission, now_ms=now_ms)] = emission
        groups[next_budget_group(emission, now_ms=now_ms)] = emission
    for group, shards in sorted(store.budgets_begun(groups).items()):
        tally.budgets += 1
        plan = plan_budget(config, groups[group].name)
        if not _is_as_wanted(shards, plan.cap):
            # Whoever began it may have died before its last shard, which would come on top later.
            store.ensure_budget(group, plan)
            _resize(group, groups[group].name, store=store, latest=latest)
            tally.resized.append(group)
    return tally


def _is_as_wanted(shards: Sequence[BudgetShard], wanted: int) -> bool:
    """Whether nothing can be done: the cap is right, or above by what is spent or held."""
    total = sum(shard.cap for shard in shards)
    return total == wanted or (total > wanted and not any(shard.available for shard in shards))


def _resize(group: str, name: str, *, store: LedgerStore, latest: Callable[[], GameConfig]) -> ResizedBudget:
    for _ in range(PASSES):
        config = latest()
        wanted = plan_budget(config, name).cap
        shards = store.budget_shards(group)
        total = sum(shard.cap for shard in shards)
        if _is_as_wanted(shards, wanted):
            return ResizedBudget(group, wanted, total, sum(shard.available for shard in shards))
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
        if amount > 0:  # another may have lowered a shard by more than was left to do here
            excess -= store.lower_shard(shard.id, amount=amount, name=name)
