"""A function's workers and its queue: scale out on demand, replace the dead, never respawn in a tight loop."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.local.runtime_api import (
    RESPONSE_LIMIT_BYTES,
    Invocation,
    Outcome,
    Worker,
    WorkerState,
    error_outcome,
)
from infra.local.serverless_file import FunctionSpec

_RETRY_MS = (200, 1_000, 5_000, 30_000)  # waits after one, two, three, four and more failures in a row
THROTTLED = "TooManyRequestsException"
_log = logging.getLogger(__name__)


class Measure(Protocol):
    """Told how each invocation ended."""

    def __call__(self, *, is_error: bool, is_throttled: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """What `GET /functions` of the private port tells of one function; times in milliseconds.

    `ready_pids` are the workers whose INIT is over.
    """

    workers: int
    pids: tuple[int, ...]
    ready_pids: tuple[int, ...]
    queued: int
    init_ms: int
    init_error: str | None


def is_throttled(outcome: Outcome) -> bool:
    """Whether the pool refused the event, and no function saw it."""
    return outcome.is_error and THROTTLED.encode() in outcome.payload


class FunctionPool:
    """Workers of one function behind one queue; every method runs on the gateway's event loop.

    The first worker starts with the pool; more start, up to `max_workers`, when events wait and nobody is idle.
    While INIT fails, events are answered with its error at once, and a new attempt waits for an event and for
    the pause, which grows with each failure in a row. Where Lambda would throttle at once, events wait a while:
    only those beyond `max_queued` waiting ones are refused.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        environment: Mapping[str, str],
        root: Path,
        log_path: Path,
        max_workers: int,
        max_queued: int = 1000,
        measure: Measure = lambda *, is_error, is_throttled: None,  # noqa: ARG005 - nobody watches
    ) -> None:
        self.spec = spec
        self._max_queued = max_queued
        self._measure = measure
        self.init_error: str | None = None
        self._environment = environment
        self._root = root
        self._log_path = log_path
        self._max_workers = max(1, min(max_workers, spec.reserved_concurrency or max_workers))
        self._queue: deque[Invocation] = deque()
        self._workers: list[Worker] = []
        self._runs: set[asyncio.Task[None]] = set()
        self._settled = asyncio.Event()
        self._failures = 0
        self._retry_at_s = 0.0
        self._init_ms = 0
        self._is_stopping = False

    def start(self) -> None:
        """Start the first worker."""
        self._spawn()

    async def settled(self) -> None:
        """Wait until the first INIT has succeeded or failed."""
        await self._settled.wait()

    def status(self) -> PoolStatus:
        """The pool as it is now."""
        pids = tuple(worker.pid for worker in self._workers)
        ready_pids = tuple(w.pid for w in self._workers if w.state in (WorkerState.IDLE, WorkerState.BUSY))
        return PoolStatus(len(pids), pids, ready_pids, len(self._queue), self._init_ms, self.init_error)

    async def invoke(self, payload: bytes) -> Outcome:
        """Run one event and say how it ended; cancelling the wait drops an event that nobody took yet."""
        outcome = await self._invoke(payload)
        was_refused = is_throttled(outcome)
        self._measure(is_error=outcome.is_error and not was_refused, is_throttled=was_refused)
        return outcome

    async def _invoke(self, payload: bytes) -> Outcome:
        request_id = str(uuid.uuid4())
        if len(payload) > RESPONSE_LIMIT_BYTES:
            return error_outcome(
                "RequestEntityTooLargeException", "the event is over 6 MB", request_id=request_id
            )
        loop = asyncio.get_running_loop()
        if self.init_error is not None and not self._workers and loop.time() < self._retry_at_s:
            return error_outcome("Runtime.InitError", self.init_error, request_id=request_id)
        if len(self._queue) >= self._max_queued:
            return error_outcome(THROTTLED, "Rate Exceeded.", request_id=request_id)
        invocation = Invocation(request_id, payload, loop.create_future())
        self._queue.append(invocation)
        self._balance()
        return await invocation.future

    async def stop(self) -> None:
        """Terminate every worker, kill those still there after two seconds, fail what is queued."""
        self._is_stopping = True
        self._fail_queue("Runtime.ExitError", "the gateway is stopping")
        for worker in self._workers:
            worker.terminate()
        if self._runs:
            await asyncio.wait(self._runs, timeout=2.0)
        for worker in self._workers:
            worker.kill()
        if self._runs:
            await asyncio.wait(self._runs, timeout=2.0)

    def _spawn(self) -> None:
        log = self._log_path.open("ab")
        worker = Worker(
            self.spec,
            environment=self._environment,
            root=self._root,
            log=log,
            changed=self._worker_changed,
        )
        self._workers.append(worker)
        run = asyncio.get_running_loop().create_task(worker.run())
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        run.add_done_callback(lambda _: log.close())

    def _worker_changed(self, worker: Worker) -> None:
        if worker.state is WorkerState.IDLE:
            self._failures, self.init_error, self._init_ms = 0, None, worker.init_ms
            self._settled.set()
        elif worker.state is WorkerState.GONE:
            self._worker_gone(worker)
        self._balance()

    def _worker_gone(self, worker: Worker) -> None:
        self._workers.remove(worker)
        if self._is_stopping or worker.init_error is None:
            return
        self.init_error = worker.init_error
        pause_ms = _RETRY_MS[min(self._failures, len(_RETRY_MS) - 1)]
        self._failures += 1
        self._retry_at_s = asyncio.get_running_loop().time() + pause_ms / 1000
        _log.error("init failed: %s: %s", self.spec.name, worker.init_error)
        self._settled.set()
        if not self._workers:
            self._fail_queue("Runtime.InitError", worker.init_error)

    def _fail_queue(self, error_type: str, message: str) -> None:
        while self._queue:
            invocation = self._queue.popleft()
            invocation.finish(error_outcome(error_type, message, request_id=invocation.request_id))

    def _balance(self) -> None:
        """Give waiting events to idle workers, then start as many workers as events still wait for."""
        if self._is_stopping:
            return
        for worker in self._workers:
            if worker.state is WorkerState.IDLE:
                invocation = self._take_waiting()
                if invocation is None:
                    break
                worker.give(invocation)
        starting = sum(worker.state is WorkerState.STARTING for worker in self._workers)
        wanted = min(len(self._queue) - starting, self._max_workers - len(self._workers))
        if self.init_error is None and not self._workers:
            wanted = max(wanted, 1)  # keep one warm, as long as INIT works
        elif asyncio.get_running_loop().time() < self._retry_at_s:
            wanted = 0
        for _ in range(wanted):
            self._spawn()

    def _take_waiting(self) -> Invocation | None:
        while self._queue:
            invocation = self._queue.popleft()
            if not invocation.future.done():
                return invocation
        return None
