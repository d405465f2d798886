"""What today's players were given so far: read from the budgets, so that it is right on any instance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.budget_plans import AIBA, CLAIMS, NEUR
from shared.domain.budgets import budget_group
from shared.domain.ledger import Emission

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.ports.ledger import LedgerStore

_BUDGETS: Final = (AIBA, NEUR, CLAIMS)


@dataclass(slots=True)
class EmissionTally:
    """Units drawn from each budget of the running UTC day."""

    drawn: dict[str, int] = field(default_factory=dict)


def measure_emission(*, store: LedgerStore, clock: Clock) -> EmissionTally:
    """Budget name -> units drawn; a budget that nobody drew on yet counts 0. Raises Unavailable."""
    now_ms = clock.now_ms()
    tally = EmissionTally()
    for name in _BUDGETS:
        shards = store.budget_shards(budget_group(Emission(name, 0, "day"), now_ms=now_ms))
        tally.drawn[name] = sum(shard.cap - shard.available for shard in shards)
    return tally
