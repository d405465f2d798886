"""A whole game over the fakes: what service tests set up, in one line."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from shared.domain.battle import BattleWish
from shared.domain.budget_plans import plan_budget
from shared.domain.game_config import GameConfig, default_config
from shared.domain.ledger import Accepted, Leg, client_key
from shared.services.commit import Committer, Outcome
from shared.services.fairness_secrets import FairnessSecrets
from shared.services.grant_starter_broker import grant_starter_broker
from shared.services.hold_budgets import BudgetHolder
from shared.services.play_battle import play_battle
from shared.services.register_player import register_player
from tests.fakes.clock import FakeClock
from tests.fakes.fairness import FakeFairnessStore
from tests.fakes.game_configs import FakeGameConfigs
from tests.fakes.ledger import FakeLedgerStore
from tests.fakes.referrals import FakeReferralCodes

SECRET = b"fake-battle-secret-for-the-tests-only"


class GameWorld:
    """Players, one process of the game, a clock and a configuration the test may change."""

    def __init__(self, store: Any = None, fairness_store: Any = None, codes: Any = None) -> None:
        self.store = store or FakeLedgerStore()
        self.fairness_store = fairness_store or FakeFairnessStore()
        self.codes = codes or FakeReferralCodes()
        self.clock = FakeClock()
        self.configs = FakeGameConfigs(default_config())
        self.secrets = [SECRET]
        self._numbers = itertools.count(1)
        self.restart()

    def restart(self) -> None:
        """Another process, which remembers nothing."""
        self.committer = Committer(
            self.store,
            self.configs,
            self.clock,
            BudgetHolder(self.store, plan_budget, self.clock.now_ms),
            self.new_attempt,
        )
        self.fairness = self.another_fairness()

    def new_attempt(self) -> str:
        return f"attempt-{next(self._numbers)}"

    def new_code(self) -> str:
        return f"{next(self._numbers):010x}"

    def another_fairness(self) -> FairnessSecrets:
        return FairnessSecrets(self.fairness_store, self.clock, lambda: tuple(self.secrets))

    def configure(self, **economy: Any) -> None:
        config = self.configs.config
        self.configs.config = replace(
            config, revision=config.revision + 1, economy=replace(config.economy, **economy)
        )

    def set_config(self, **changes: Any) -> None:
        self.configs.config: GameConfig = replace(self.configs.config, **changes)

    def register(self, telegram_id: int = 1) -> str:
        player = register_player(
            telegram_id, committer=self.committer, codes=self.codes, new_code=self.new_code
        )
        return player.id

    def player_with_starter(self, telegram_id: int = 1) -> str:
        account = self.register(telegram_id)
        grant_starter_broker(account, key="starter", fingerprint="f", committer=self.committer)
        return account

    def battle(self, account: str, key: str, *, broker: str = "starter", mode: str = "prediction") -> Outcome:
        wish = BattleWish(broker, mode, key)
        return play_battle(
            account, wish, fingerprint=f"{broker}:{mode}", committer=self.committer, fairness=self.fairness
        )

    def give(self, account: str, currency: str, amount: int) -> None:
        def decide(context: Any) -> Accepted:
            legs = (Leg("sys:adjustment", currency, -amount), Leg(account, currency, amount))
            return Accepted("adjust", {}, legs)

        key = client_key(account, f"give-{next(self._numbers)}")
        self.committer.commit(account=account, key=key, fingerprint="f", decide=decide, scope=None)

    def change(self, account: str, **changes: Any) -> None:
        """Write state the way an administrator's row would."""
        paths = {name.replace("__", "."): value for name, value in changes.items()}
        key = client_key(account, f"change-{next(self._numbers)}")
        self.committer.commit(
            account=account,
            key=key,
            fingerprint="f",
            decide=lambda context: Accepted("adjust", {}, changes=paths),
            scope=None,
        )
