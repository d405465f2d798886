"""The backend's numbers for whoever watches it: budgets, transfers, switches, open claims, and what settle saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Literal

from shared.domain.budget_plans import AIBA, CLAIMS, CLAIMS_PER_HOUR, NEUR, plan_budget
from shared.domain.budgets import budget_group
from shared.domain.ledger import Emission
from shared.domain.observations import OBSERVED
from shared.services.measure_claims import OPEN_CLAIMS_COUNTED_MAX, measure_claims
from shared.services.measure_observations import measure_observations
from shared.wiring import MetricSample

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.ports.claims import ClaimStore
    from shared.ports.clock import Clock
    from shared.ports.game_configs import GameConfigs
    from shared.ports.ledger import LedgerStore
    from shared.ports.observations import Observations

OPEN_ROWS_COUNTED_MAX: Final = 100
_BUDGETS: Final[tuple[tuple[str, Literal["day", "hour"]], ...]] = (
    (AIBA, "day"),
    (NEUR, "day"),
    (CLAIMS, "day"),
    (CLAIMS_PER_HOUR, "hour"),
)


@dataclass(frozen=True, slots=True)
class MetricSources:
    """Where the numbers come from: shared state alone, so that every instance tells the same."""

    store: LedgerStore
    configs: GameConfigs
    claims: ClaimStore
    observations: Observations
    clock: Clock


def read_metrics(sources: MetricSources) -> Iterator[MetricSample]:
    """One sample per number, read now; raises Unavailable when a store did not answer.

    Open claims are read themselves, by their sparse index: they are true even while settle stands still.
    The chain is never asked: what settle saw of it was noted, and says how old it is.
    """
    store, configs, clock = sources.store, sources.configs, sources.clock
    config, now_ms = configs.current(), clock.now_ms()
    yield MetricSample("arena_config_revision", "gauge", "Revision of the configuration.", config.revision)
    yield from _paused(config)
    for name, period in _BUDGETS:
        yield from _budget(name, period, store=store, config=config, now_ms=now_ms)
    open_rows = len(store.open_rows(limit=OPEN_ROWS_COUNTED_MAX))
    yield MetricSample(
        "arena_ledger_open_transfers", "gauge", "Transfers with one half written, at most 100.", open_rows
    )
    open_claims = sources.claims.open_claims(limit=OPEN_CLAIMS_COUNTED_MAX)
    yield from measure_claims(open_claims, oldest_ms=sources.claims.oldest_open_ms(), now_ms=now_ms)
    yield from measure_observations(sources.observations.read(OBSERVED), now_ms=now_ms)


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
