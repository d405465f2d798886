"""What every function with a database shares: clock, database, configuration and the ledger's committer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.adapters.system_clock import FileOffsetClock, SystemClock, uptime_ms

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.adapters.mongo_game_configs import MongoGameConfigs
    from shared.adapters.mongo_ledger import MongoLedgerStore
    from shared.config.parts import DatabaseSettings, RuntimeSettings
    from shared.ports.clock import Clock
    from shared.services.commit import Committer


class Stores:
    """One process's database side; nothing connects before the first command.

    `configs`, `ledger` and `committer` are made when first asked for, because the whole game is imported with them.
    """

    def __init__(self, function: str, *, runtime: RuntimeSettings, database: DatabaseSettings) -> None:
        from shared.adapters.mongo import DatabaseOnDemand, connect  # not for the health function's clock

        self._on_demand = DatabaseOnDemand(
            lambda: connect(database.uri, app_name=f"arena-{function}"), database.name
        )
        self.clock: Clock = clock_of(runtime)
        self.database: Database[dict[str, Any]] = self._on_demand.for_adapters()

    @cached_property
    def configs(self) -> MongoGameConfigs:
        """The game's numbers."""
        from shared.adapters.mongo_game_configs import MongoGameConfigs

        return MongoGameConfigs(self.database, self.clock)

    @cached_property
    def ledger(self) -> MongoLedgerStore:
        """Rows and players as they are stored."""
        from shared.adapters.mongo_ledger import MongoLedgerStore

        return MongoLedgerStore(self.database)

    @cached_property
    def committer(self) -> Committer:
        """The only way to change money."""
        from shared.domain.budget_plans import plan_budget
        from shared.services.commit import Committer
        from shared.services.hold_budgets import BudgetHolder

        return Committer(
            store=self.ledger,
            configs=self.configs,
            clock=self.clock,
            holder=BudgetHolder(self.ledger, plan_budget, uptime_ms),
            new_attempt=new_id,
        )

    def known_limits(self) -> Mapping[str, int]:
        """Rate-limit overrides of the last configuration read; asks nobody and makes nothing."""
        return self.configs.known_limits() if "configs" in vars(self) else {}

    def prepare(self) -> None:
        """Import the driver and make the client now instead of at the first command."""
        self._on_demand.opened()

    def close(self) -> None:
        """Give all connections up, for good."""
        self._on_demand.close()


def clock_of(runtime: RuntimeSettings) -> Clock:
    """The machine's time, or the local stack's shifted one, which readiness refuses in production."""
    if runtime.local_clock_file is not None:
        return FileOffsetClock(Path(runtime.local_clock_file))
    return SystemClock()


def new_id() -> str:
    """128 random bits, hex: attempts, audit records, nonces."""
    return secrets.token_hex(16)
