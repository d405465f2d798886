"""`./arena bench settle`: how many accounts a second the boards and the janitor follow, beside the store's ceiling.

Every account fights one battle, and the real fold and the real janitor look at what is new; then both look
again, as they do twice more within the two minutes in which a row may appear late.
"""

from __future__ import annotations

import contextlib
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database

from infra.bench.bench_world import MODE, bench_config
from infra.bench.committer import committer_over
from infra.bench.counted_commands import CountedCommands
from infra.bench.results import describe_machine, replace_section
from infra.bench.seeded_players import account_name, seed_players
from infra.local.endpoint_process import start_endpoint, stop_endpoint
from shared.adapters.mongo_boards import MongoBoardStore
from shared.adapters.mongo_claims import MongoClaimStore
from shared.adapters.mongo_fairness import MongoFairnessStore
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.mongo_observations import MongoObservations
from shared.adapters.mongo_watermarks import MongoWatermarks
from shared.adapters.system_clock import SystemClock
from shared.domain.battle import BattleWish
from shared.services.commit import Committer
from shared.services.fairness_secrets import FairnessSecrets
from shared.services.fold_accounts import BoardFolding
from shared.services.fold_boards import fold_boards
from shared.services.play_battle import play_battle
from shared.services.run_janitor import Janitor, run_janitor

ACCOUNTS: Final = 1_000
ROUNDS: Final = 3
WITHOUT_END_MS: Final = 10**9
BARE_PAIRS: Final = 300


@dataclass(slots=True)
class ShiftedClock:
    """The system's clock, moved on between rounds so that none sees the rows of the one before."""

    shift_ms: int = 0

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self.shift_ms


@dataclass(frozen=True, slots=True)
class Cost:
    """What one account cost: database commands, and milliseconds in all and of our own processor time."""

    commands: float
    ms: float
    own_ms: float

    @property
    def accounts_per_s(self) -> float:
        return 1000 / self.ms

    def cells(self) -> str:
        """The numbers as cells of a table."""
        return f"{self.commands:.3f} | {self.ms:.2f} | {self.own_ms:.2f} | {self.accounts_per_s:,.0f}"


@dataclass(frozen=True, slots=True)
class SettleCosts:
    """What the boards and the janitor cost per account: with a new battle, and looked at again.

    `first` is an account that was on no board yet; `bare_per_s` is what the store does of single reads
    and updates by `_id`, one after another, in the same run.
    """

    accounts: int
    first: Cost
    fold: Cost
    fold_again: Cost
    janitor: Cost
    janitor_again: Cost
    bare_per_s: float

    @property
    def share_of_ceiling(self) -> float:
        """How near the fold of new battles comes to as many commands as the store answers."""
        return self.fold.commands * self.fold.accounts_per_s / self.bare_per_s

    def table(self) -> str:
        """The costs as a table of docs/benchmarks.md."""
        rows = {
            "boards, new on every board": self.first,
            "boards, one new battle": self.fold,
            "boards, looked at again": self.fold_again,
            "janitor, one new battle": self.janitor,
            "janitor, looked at again": self.janitor_again,
        }
        return "\n".join(
            [
                "| per account | commands | ms | of them our own | accounts/s |",
                "| --- | --- | --- | --- | --- |",
                *(f"| {name} | {cost.cells()} |" for name, cost in rows.items()),
                "",
                f"The store's own ceiling in the same run: {self.bare_per_s:,.0f} bare reads and updates by"
                f" `_id` a second, one after another; the boards sent {self.share_of_ceiling:.0%} of that.",
            ]
        )


@dataclass(slots=True)
class SettleBenchWorld:
    """The game and the scheduled tasks over one database, the latter through a counted client."""

    game: Database[dict[str, Any]]
    settle: Database[dict[str, Any]]
    commands: CountedCommands
    clock: ShiftedClock = field(default_factory=ShiftedClock)

    def committer(self, database: Database[dict[str, Any]]) -> Committer:
        """The ledger's protocol over one of the two clients."""
        return committer_over(database, self.clock)

    def fight(self, accounts: int) -> None:
        """So much later that the last battles are final, every account fights one."""
        self.clock.shift_ms += 150_000
        committer = self.committer(self.game)
        fairness = FairnessSecrets(
            MongoFairnessStore(self.game), self.clock, lambda: (b"fake-secret-of-a-benchmark-alone",)
        )
        for number in range(accounts):
            play_battle(
                account_name(number),
                BattleWish("starter", MODE, key := secrets.token_hex(8)),
                fingerprint=key,
                committer=committer,
                fairness=fairness,
            ).answer()

    def fold(self) -> None:
        """One run of the boards, however long it takes."""
        committer, watermarks = self.committer(self.settle), MongoWatermarks(self.settle)
        boards = MongoBoardStore(self.settle)
        folding = BoardFolding(committer, boards, watermarks, self.clock, lambda _name, _facts: None)
        fold_boards(folding, run_for_ms=WITHOUT_END_MS)

    def tidy(self) -> None:
        """One run of the janitor, however long it takes."""
        janitor = Janitor(
            committer=self.committer(self.settle),
            claims=MongoClaimStore(self.settle),
            watermarks=MongoWatermarks(self.settle),
            observations=MongoObservations(self.settle),
            clock=self.clock,
            finish_transfer=lambda _: None,
            release_former_name=lambda _: None,
        )
        run_janitor(janitor, run_for_ms=WITHOUT_END_MS)

    def cost_of(self, work: Callable[[], None], *, accounts: int) -> Cost:
        """The work's cost for each of so many accounts."""
        self.commands.taken()
        began_s, began_own_s = time.perf_counter(), time.process_time()
        work()
        ms, own_ms = time.perf_counter() - began_s, time.process_time() - began_own_s
        return Cost(self.commands.taken() / accounts, ms * 1000 / accounts, own_ms * 1000 / accounts)

    def bare_per_s(self) -> float:
        """Single reads and updates by `_id`, as fast as the store answers one client."""
        began_s = time.perf_counter()
        for number in range(BARE_PAIRS):
            found = self.settle["board"].find_one({"_id": account_name(number % 50)}) or {}
            self.settle["board"].update_one({"_id": found["_id"]}, {"$set": {"seq": found["seq"]}})
        return 2 * BARE_PAIRS / (time.perf_counter() - began_s)


def bench_settle(
    *, accounts: int = ACCOUNTS, rounds: int = ROUNDS, mongo_url: str | None = None
) -> SettleCosts:
    """Measure on a database of this run's own; counts are exact, times are medians of the rounds."""
    with _world(accounts, mongo_url) as world:
        world.fight(accounts)
        first = world.cost_of(world.fold, accounts=accounts)
        world.tidy()
        found: dict[str, list[Cost]] = {"fold": [], "fold_again": [], "janitor": [], "janitor_again": []}
        bare: list[float] = []
        for _ in range(rounds):
            world.fight(accounts)
            bare.append(world.bare_per_s())
            for name in found:
                work = world.fold if name.startswith("fold") else world.tidy
                found[name].append(world.cost_of(work, accounts=accounts))
        middle = {name: _median(costs) for name, costs in found.items()}
        return SettleCosts(accounts, first, bare_per_s=statistics.median(bare), **middle)


def run_settle(*, writes: bool) -> int:
    """Measure, print, and where asked put it into docs/benchmarks.md."""
    costs = bench_settle()
    print(costs.table())
    if writes:
        replace_section("settle", f"Machine: {describe_machine()}.\n\n{costs.table()}")
    return 0


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        *(statistics.median(getattr(cost, name) for cost in costs) for name in ("commands", "ms", "own_ms"))
    )


@contextlib.contextmanager
def _world(accounts: int, mongo_url: str | None) -> Iterator[SettleBenchWorld]:
    with tempfile.TemporaryDirectory(prefix="arena-bench-") as folder, contextlib.ExitStack() as closing:
        if mongo_url is None:
            endpoint = start_endpoint(
                "infra.local.mongo_server", "--data", f"{folder}/mongo", log=Path(folder) / "log"
            )
            closing.callback(stop_endpoint, endpoint)
            mongo_url = endpoint.url
        name, commands = f"arena_bench_{secrets.token_hex(4)}", CountedCommands()
        game = closing.enter_context(MongoClient[dict[str, Any]](mongo_url, w="majority"))
        settle = closing.enter_context(
            MongoClient[dict[str, Any]](mongo_url, w="majority", event_listeners=[commands])
        )
        closing.callback(game.drop_database, name)
        config = bench_config()
        now_ms = SystemClock().now_ms()
        seed_players(game[name], players=accounts, rows_each=1, config=config, now_ms=now_ms)
        MongoGameConfigs(game[name], SystemClock()).seed(config)
        yield SettleBenchWorld(game[name], settle[name], commands)
