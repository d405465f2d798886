"""`./arena bench battle`: battles a second through the function's handler, against the stores' own ceiling.

Every number is a ratio of two rounds that alternate in one run on one machine, so that a busy neighbour
slows both. Absolute numbers say what this machine did.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

from infra.bench.battle_workers import BattleWorker, Round, run_round
from infra.bench.bench_world import BenchWorld, bench_config, bench_world
from infra.bench.results import Comparison, Growth, describe_machine, write_results

PLAYERS: Final = 700
CONCURRENCIES: Final = (1, 8, 32)
ROUNDS: Final = 5
ROUND_S: Final = 2.0
RATIO_AT_LEAST: Final = 0.70
GROWTH_AT_MOST: Final = 1.2
SIZES: Final = (1_000, 100_000)
JUDGED_CONCURRENCY: Final = 8
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BattleBench:
    """What one run found."""

    comparisons: tuple[Comparison, ...]
    growth: Growth | None

    @property
    def holds(self) -> bool:
        """Whether both targets are met."""
        judged = next(found for found in self.comparisons if found.concurrency == JUDGED_CONCURRENCY)
        has_grown = self.growth is not None and self.growth.ratio > GROWTH_AT_MOST
        return judged.ratio >= RATIO_AT_LEAST and not has_grown


def run_bench(*, writes: bool, with_growth: bool) -> int:
    """Measure and print; 0 when both targets hold, else 1."""
    with bench_world() as world:
        comparisons = tuple(_compare_all(world, _say))
        growth = _grow(world, _say) if with_growth else None
    found = BattleBench(comparisons, growth)
    if writes:
        write_results(found.comparisons, found.growth, machine=describe_machine())
    _say("both targets hold" if found.holds else "a target is missed")
    return 0 if found.holds else 1


def _compare_all(world: BenchWorld, say: Say) -> Iterator[Comparison]:
    world.seed("arena_bench", players=PLAYERS, rows_each=1, config=bench_config())
    with _workers(world, "arena_bench", count=max(CONCURRENCIES), players=PLAYERS, say=say) as workers:
        for concurrency in CONCURRENCIES:
            found = compare(workers[:concurrency], rounds=ROUNDS, seconds=ROUND_S)
            say(found.describe())
            yield found


def compare(workers: Sequence[BattleWorker], *, rounds: int, seconds: float) -> Comparison:
    """Rounds of bare commands and of battles in turn."""
    bare: list[Round] = []
    battles: list[Round] = []
    for _ in range(rounds):
        bare.append(run_round(workers, "bare", seconds=seconds))
        battles.append(run_round(workers, "handler", seconds=seconds))
    pairs = zip(battles, bare, strict=True)
    together = Round(1.0, tuple(ms for found in battles for ms in found.latencies_ms))
    return Comparison(
        concurrency=len(workers),
        battles_per_s=statistics.median(found.per_second for found in battles),
        ceiling_per_s=statistics.median(found.per_second for found in bare),
        ratio=statistics.median(battle.per_second / ceiling.per_second for battle, ceiling in pairs),
        p50_ms=together.percentile_ms(50),
        p99_ms=together.percentile_ms(99),
    )


def _grow(world: BenchWorld, say: Say) -> Growth:
    """The same battle with few and with many rows and players, in turn."""
    p50s_ms: dict[int, list[float]] = {size: [] for size in SIZES}
    workers: dict[int, BattleWorker] = {}
    try:
        for size in SIZES:
            say(f"seeding {size:,} players and rows ...")
            database = f"arena_{size}"
            world.seed(database, players=size, rows_each=1, config=bench_config())
            workers[size] = BattleWorker(world.environment(database), world.tokens(PLAYERS))
            workers[size].wait_ready("handler")
        for _ in range(ROUNDS):
            for size in SIZES:
                found = run_round([workers[size]], "handler", seconds=ROUND_S)
                p50s_ms[size].append(found.percentile_ms(50))
    finally:
        for worker in workers.values():
            worker.stop()
    small, large = (statistics.median(p50s_ms[size]) for size in SIZES)
    growth = Growth(SIZES[0], SIZES[1], small, large)
    say(growth.describe())
    return growth


@contextmanager
def _workers(
    world: BenchWorld, database: str, *, count: int, players: int, say: Say
) -> Iterator[list[BattleWorker]]:
    """Each with players of its own, so that none waits for another's row."""
    say(f"starting {count} processes ...")
    tokens = world.tokens(players)
    share = -(-players // count)
    remaining = iter(tokens.items())
    environment = world.environment(database)
    workers = [BattleWorker(environment, dict(islice(remaining, share))) for _ in range(count)]
    try:
        for kind in ("handler", "bare"):
            for worker in workers:
                worker.wait_ready(kind)
        yield workers
    finally:
        for worker in workers:
            worker.stop()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
