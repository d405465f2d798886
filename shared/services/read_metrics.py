"""The backend's numbers for whoever watches it: budgets left, transfers half done, switches thrown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Final, Literal

from shared.domain.budget_plans import AIBA, CLAIMS, CLAIMS_PER_HOUR, NEUR, plan_budget
from shared.domain.budgets import budget_group
from shared.domain.ledger import Emission
from shared.wiring import MetricSample

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.ports.clock import Clock
    from shared.ports.game_configs import GameConfigs
    from shared.ports.ledger import LedgerStore

OPEN_ROWS_COUNTED_MAX: Final = 100
_BUDGETS: Final[tuple[tuple[str, Literal["day", "hour"]], ...]] = (
    (AIBA, "day"),
    (NEUR, "day"),
    (CLAIMS, "day"),
    (CLAIMS_PER_HOUR, "hour"),
)


def read_metrics(*, store: LedgerStore, configs: GameConfigs, clock: Clock) -> Iterator[MetricSample]:
    """One sample per number, read now; raises Unavailable when the store did not answer."""
    config, now_ms = configs.current(), clock.now_ms()
    yield MetricSample("arena_config_revision", "gauge", "Revision of the configuration.", config.revision)
    yield from _paused(config)
    for name, period in _BUDGETS:
        yield from _budget(name, period, store=store, config=config, now_ms=now_ms)
    open_rows = len(store.open_rows(limit=OPEN_ROWS_COUNTED_MAX))
    yield MetricSample(
        "arena_ledger_open_transfers", "gauge", "Transfers with one half written, at most 100.", open_rows
    )


def _paused(config: GameConfig) -> Iterator[MetricSample]:
    for switch in fields(config.paused):
        is_paused = int(getattr(config.paused, switch.name))
        yield MetricSample("arena_paused", "gauge", "1 while paused.", is_paused, {"what": switch.name})


def _budget(
    name: str, period: Literal["day", "hour"], *, store: LedgerStore, config: GameConfig, now_ms: int
) -> Iterator[MetricSample]:
    """Cap and rest of one budget; nobody has drawn on a budget without shards, so all of it is left."""
    group = budget_group(Emission(name, 0, period), now_ms=now_ms)
    shards = store.budget_shards(group)
    cap = sum(shard.cap for shard in shards) if shards else plan_budget(config, name).cap
    left = sum(shard.available for shard in shards) if shards else cap
    labels = {"budget": name, "period": period}
    yield MetricSample("arena_budget_cap_units", "gauge", "Cap of the running period.", cap, labels)
    yield MetricSample("arena_budget_left_units", "gauge", "Left of the cap.", left, labels)
