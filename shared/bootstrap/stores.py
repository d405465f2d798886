"""What every function with a database shares: clock, database, configuration and the ledger's committer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.adapters.system_clock import FileOffsetClock, SystemClock, uptime_ms
from shared.services.commit import Committer
from shared.services.hold_budgets import BudgetHolder

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.adapters.mongo_game_configs import MongoGameConfigs
    from shared.config.parts import DatabaseSettings, RuntimeSettings
    from shared.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Stores:
    """One process's database side; `committer` is the only way to change money.

    `prepare` imports the driver and makes the client now instead of at the first operation; it opens no
    connection. `close` gives all connections up, for good.
    """

    clock: Clock
    database: Database[dict[str, Any]]
    configs: MongoGameConfigs
    committer: Committer
    prepare: Callable[[], object]
    close: Callable[[], None]


def clock_of(runtime: RuntimeSettings) -> Clock:
    """The machine's time, or the local stack's shifted one, which readiness refuses in production."""
    if runtime.local_clock_file is not None:
        return FileOffsetClock(Path(runtime.local_clock_file))
    return SystemClock()


def open_stores(function: str, *, runtime: RuntimeSettings, database: DatabaseSettings) -> Stores:
    """Build the database side; nothing connects before the first command."""
    from shared.adapters.mongo import DatabaseOnDemand, connect
    from shared.adapters.mongo_game_configs import MongoGameConfigs
    from shared.adapters.mongo_ledger import MongoLedgerStore
    from shared.domain.budget_plans import plan_budget

    clock = clock_of(runtime)
    demanded = DatabaseOnDemand(lambda: connect(database.uri, app_name=f"arena-{function}"), database.name)
    opened = demanded.for_adapters()
    store = MongoLedgerStore(opened)
    configs = MongoGameConfigs(opened, clock)
    committer = Committer(
        store=store,
        configs=configs,
        clock=clock,
        holder=BudgetHolder(store, plan_budget, uptime_ms),
        new_attempt=new_id,
    )
    return Stores(clock, opened, configs, committer, demanded.opened, demanded.close)


def new_id() -> str:
    """128 random bits, hex: attempts, audit records, nonces."""
    return secrets.token_hex(16)
