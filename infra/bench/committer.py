"""The ledger's protocol over a bench's own client, whose commands are counted or whose clock moves."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.system_clock import uptime_ms
from shared.domain.budget_plans import plan_budget
from shared.services.commit import Committer
from shared.services.hold_budgets import BudgetHolder

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.ports.clock import Clock


def committer_over(database: Database[dict[str, Any]], clock: Clock) -> Committer:
    """As every function builds it, with a configuration of its own."""
    store = MongoLedgerStore(database)
    return Committer(
        store,
        MongoGameConfigs(database, clock),
        clock,
        BudgetHolder(store, plan_budget, uptime_ms),
        lambda: secrets.token_hex(16),
    )
