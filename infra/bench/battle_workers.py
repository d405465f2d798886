"""Processes that fight battles on command, one per concurrent player as on Lambda, and time each one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, Literal

from infra.bench.battle_calls import Call, bare_call, handler_call

Kind = Literal["handler", "bare"]
_READY_WITHIN_S: Final = 120.0
_WARM_UP: Final = 5


@dataclass(frozen=True, slots=True)
class Round:
    """What some workers did in the same time: battles, wall seconds, every battle's milliseconds."""

    seconds: float
    latencies_ms: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """The nearest-rank percentile."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


class BattleWorker:
    """One process of its own; `run` starts a round and `result` waits for it."""

    def __init__(self, environment: dict[str, str], tokens: dict[str, str]) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, environment, tokens), daemon=True)
        self._process.start()

    def wait_ready(self, kind: Kind) -> None:
        """Until the first battles of this kind are fought. Raises RuntimeError with what went wrong."""
        self.run(kind, seconds=0.0)
        self.result(within_s=_READY_WITHIN_S)

    def run(self, kind: Kind, *, seconds: float) -> None:
        self._pipe.send((kind, seconds))

    def result(self, *, within_s: float) -> list[float]:
        """Milliseconds of each battle of the round."""
        if not self._pipe.poll(within_s):
            raise RuntimeError("a battle worker did not answer")
        answer: Any = self._pipe.recv()
        if not isinstance(answer, list):
            raise RuntimeError(str(answer))  # noqa: TRY004 - the worker's own failure, told in words
        return answer

    def stop(self) -> None:
        """End the process, by its own handle."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def run_round(workers: Sequence[BattleWorker], kind: Kind, *, seconds: float) -> Round:
    """All of them at once for so long."""
    began_s = time.monotonic()
    for worker in workers:
        worker.run(kind, seconds=seconds)
    latencies = [ms for worker in workers for ms in worker.result(within_s=seconds + 30)]
    return Round(time.monotonic() - began_s, tuple(latencies))


def _work(pipe: Connection, environment: dict[str, str], tokens: dict[str, str]) -> None:
    os.environ.update(environment)  # noqa: TID251 - a function's settings are its process's environment
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - request logs belong to the platform, for as long as the process
    calls: dict[Kind, Call] = {}
    accounts = cycle(tokens)
    while True:
        try:
            kind, seconds = pipe.recv()
        except EOFError:
            return
        try:
            if kind not in calls:
                calls[kind] = handler_call(tokens) if kind == "handler" else bare_call(environment)
                for _ in range(_WARM_UP):
                    calls[kind](next(accounts))
            pipe.send(_timed(calls[kind], accounts, seconds))
        except Exception as error:  # noqa: BLE001 - the parent is told, whatever it was
            pipe.send(f"{type(error).__name__}: {error}")


def _timed(call: Call, accounts: Any, seconds: float) -> list[float]:
    latencies = []
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        began_s = time.perf_counter()
        call(next(accounts))
        latencies.append((time.perf_counter() - began_s) * 1000)
    return latencies
