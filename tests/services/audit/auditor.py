"""The hourly audit over a busy world, and hands to forge what it is to find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.ports.ledger import BudgetShard
from shared.services.verify_recent import AuditTally, RecentAudit, verify_recent
from tests.fakes.audit import FakeAuditMarks, FakeLedgerScan
from tests.fakes.observations import FakeObservations
from tests.services.audited_world import Forger
from tests.services.game_world import GameWorld

HOUR_S = 3_600
LATER_S = 2 * HOUR_S
TOO_MUCH = 5


class Auditor:
    """One running audit over a busy world two hours later, with its switches in reach."""

    def __init__(self, world: GameWorld) -> None:
        self.world = world
        self.forger = Forger(world)
        self.marks, self.observations = FakeAuditMarks(), FakeObservations()
        self.pauses = 0
        self.reports: list[tuple[str, str]] = []
        world.clock.advance(seconds=LATER_S)

    def run(self, **parts: Any) -> AuditTally:
        """One run, on other parts where the test names them."""
        audit = RecentAudit(
            scan=FakeLedgerScan(self.world.store),
            marks=self.marks,
            observations=self.observations,
            committer=self.world.committer,
            clock=self.world.clock,
            pause_claims=self.pause,
            report=lambda name, facts: self.reports.append((name, str(facts.get("where", "")))),
        )
        return verify_recent(replace(audit, **parts))

    def pause(self) -> None:
        self.pauses += 1

    def next_hour(self) -> AuditTally:
        self.world.clock.advance(seconds=LATER_S)
        return self.run()

    def touch(self, account: str) -> None:
        self.world.give(account, "STARS", 1)

    def is_stopped(self, account: str) -> bool:
        return "withdraw" in self.world.committer.read_player(account).state.get("bans", {})

    def enrich(self, account: str, *, units: int = TOO_MUCH) -> None:
        """Forge a balance that is in no row."""
        balances = self.world.store.players[account].balances
        self.forger.player(account, balances={**balances, "AIBA": balances["AIBA"] + units})

    def take_back(self, account: str) -> None:
        """What `enrich` gave, so that the documents hold again."""
        self.enrich(account, units=-TOO_MUCH)

    def rich_accounts(self, *numbers: int) -> list[str]:
        """Accounts whose last rows are six minutes apart, so in slices of their own, all with too much."""
        accounts = []
        for number in numbers:
            account = self.world.player_with_starter(number)
            self.world.give(account, "AIBA", 100)
            self.world.clock.advance(seconds=360)
            accounts.append(account)
        for account in accounts:
            self.enrich(account)
        return accounts

    def refill_budget(self) -> str:
        """Forge a shard that gave nothing, though rows hold some of it; answers its id."""
        shard = next(shard for shard in self.world.store.shards.values() if shard.id.startswith("AIBA:"))
        self.world.store.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.cap)
        return shard.id
