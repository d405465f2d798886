"""A store with one player, processes that commit to it, and small decisions to commit."""

from __future__ import annotations

import itertools
from dataclasses import replace

from shared.domain.budgets import BudgetPlan
from shared.domain.game_config import Economy, GameConfig
from shared.domain.ledger import Accepted, Declined, Emission, Leg, client_key
from shared.services.commit import Committer, DecisionContext
from shared.services.hold_budgets import BudgetHolder
from tests.fakes.clock import FakeClock
from tests.fakes.game_configs import FakeGameConfigs


def plan_of(config: GameConfig, name: str) -> BudgetPlan:
    return BudgetPlan(cap=config.economy.daily_cap_aiba, shards=2)


class CommitWorld:
    """Processes over one store, a clock and a configuration with one cap."""

    def __init__(self, store, *, cap: int = 1_000, names: str = "a") -> None:
        self.store = store
        self.clock = FakeClock()
        self.configs = FakeGameConfigs(GameConfig(economy=replace(Economy(), daily_cap_aiba=cap)))
        numbers = itertools.count()
        self.attempts = lambda: f"{names}{next(numbers)}"
        self.committer = self.another_process()

    def another_process(self) -> Committer:
        return Committer(
            self.store,
            self.configs,
            self.clock,
            BudgetHolder(self.store, plan_of, self.clock.now_ms),
            self.attempts,
        )

    def commit(self, key: str, decide, *, account: str = "ann", fp: str = "f", **options):
        return self.committer.commit(
            account=account, key=client_key(account, key), fingerprint=fp, decide=decide, **options
        )

    def start(self, *accounts: str) -> None:
        for account in accounts or ("ann",):
            self.store.create_player(account, now_ms=self.clock.now_ms())


def earn(amount: int, currency: str = "NEUR"):
    def decide(context: DecisionContext) -> Accepted:
        legs = (Leg("sys:adjustment", currency, -amount), Leg(context.player.id, currency, amount))
        return Accepted("credit", {"balance": str(context.player.balance(currency) + amount)}, legs)

    return decide


def spend(amount: int):
    def decide(context: DecisionContext):
        have = context.player.balance("NEUR")
        if have < amount:
            return Declined(
                "spend", "insufficient_funds", "not enough", {"need": str(amount), "have": str(have)}
            )
        legs = (Leg(context.player.id, "NEUR", -amount), Leg("sys:burn", "NEUR", amount))
        return Accepted("spend", {"left": str(have - amount)}, legs, changes={"spent": {"last": amount}})

    return decide


def emit(amount: int):
    def decide(context: DecisionContext):
        if context.emission_block:
            return Accepted("battle", {"reward": "0", "why": context.emission_block})
        legs = (Leg("sys:emission", "AIBA", -amount), Leg(context.player.id, "AIBA", amount))
        return Accepted("battle", {"reward": str(amount)}, legs, emissions=(Emission("AIBA", amount),))

    return decide


def escrow(context):
    legs = (Leg("ann", "NEUR", -5), Leg("escrow:ann", "NEUR", 5))
    return Accepted("claim", {}, legs)


def out_of_escrow(target: str):
    legs = (Leg("escrow:ann", "NEUR", -5), Leg(target, "NEUR", 5))
    return lambda context: Accepted("settle", {"to": target}, legs)
