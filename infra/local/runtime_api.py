"""One execution environment: a real Lambda runtime process with a Runtime API of its own.

Each worker gets its own loopback port, as each environment on Lambda has its own endpoint, so the port says
which process is asking. Protocol: Lambda developer guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO

from infra.local.http1 import HttpServer, Request, Response, json_response
from infra.local.serverless_file import FunctionSpec

RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024  # Lambda's synchronous payload limit, in and out
_INIT_LIMIT_S = 30.0  # Lambda gives 10 s; a laptop that starts fourteen workers at once needs more
_ACCEPTED = json_response(202, '{"status":"OK"}\n')
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended: the handler's JSON, or, when `is_error`, Lambda's error object."""

    is_error: bool
    payload: bytes


@dataclass(slots=True)
class Invocation:
    """One event on its way through a worker."""

    request_id: str
    payload: bytes
    future: asyncio.Future[Outcome] = field(repr=False)

    def finish(self, outcome: Outcome) -> None:
        """Answer it once; whoever comes second (an exit after a time-out) changes nothing."""
        if not self.future.done():
            self.future.set_result(outcome)


def error_outcome(error_type: str, message: str, *, request_id: str = "") -> Outcome:
    """Lambda's error object, as X-Amz-Function-Error answers carry it."""
    error = {"errorType": error_type, "errorMessage": message, "requestId": request_id}
    return Outcome(is_error=True, payload=json.dumps(error).encode())


class WorkerState(Enum):
    """A worker's life: INIT, then idle and busy in turn, then gone."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    GONE = "gone"


class Worker:
    """A `python -m awslambdaric` process that takes one event at a time.

    `changed` is called after each change of state. After GONE, `init_error` holds the one line that says why
    INIT failed, or None when the worker had started well.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        environment: Mapping[str, str],
        root: Path,
        log: IO[bytes],
        changed: Callable[[Worker], None],
    ) -> None:
        self.spec = spec
        self.state = WorkerState.STARTING
        self.init_error: str | None = None
        self.init_ms = 0
        self._environment = environment
        self._root = root
        self._log_file = log
        self._changed = changed
        self._server = HttpServer(self._runtime_call, body_limit_bytes=RESPONSE_LIMIT_BYTES)
        self._process: asyncio.subprocess.Process | None = None
        self._next: asyncio.Future[Invocation] | None = None
        self._invocation: Invocation | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._started_s = 0.0

    @property
    def pid(self) -> int:
        return 0 if self._process is None else self._process.pid

    async def run(self) -> None:
        """Start the process and stay until it has exited."""
        self._started_s = time.perf_counter()
        exit_code: int | None = None
        try:
            await self._server.start()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "awslambdaric", self.spec.handler,
                env={**self._environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.port}"},
                cwd=self._root, stdin=asyncio.subprocess.DEVNULL, stdout=self._log_file, stderr=self._log_file,
            )  # fmt: skip
            self._set_alarm(_INIT_LIMIT_S, f"INIT took longer than {_INIT_LIMIT_S:.0f} seconds")
            exit_code = await self._process.wait()
        except OSError as error:
            self.init_error = f"the process did not start: {error}"
        finally:
            self._gone(exit_code)  # before any other await: nobody may give an event to a dead worker
            await self._server.stop()

    def give(self, invocation: Invocation) -> None:
        """Hand an event to an idle worker; its function's time-out starts now."""
        if self._next is None or self.state is not WorkerState.IDLE:
            raise RuntimeError("only an idle worker takes an event")
        self.state = WorkerState.BUSY
        self._invocation = invocation
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        message = f"{stamp} {invocation.request_id} Task timed out after {self.spec.timeout_s:.2f} seconds"
        self._set_alarm(self.spec.timeout_s, message)
        self._next.set_result(invocation)

    def kill(self) -> None:
        """End the process at once; `run` returns when it is gone."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def terminate(self) -> None:
        """Ask the process to end."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    def _set_alarm(self, after_s: float, message: str) -> None:
        self._clear_alarm()
        self._alarm = asyncio.get_running_loop().call_later(after_s, self._timed_out, message)

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _timed_out(self, message: str) -> None:
        if self._invocation is None:
            self.init_error = self.init_error or message
        else:
            request_id = self._invocation.request_id
            self._finish(error_outcome("Sandbox.Timedout", message, request_id=request_id))
        _log.warning("%s: %s", self.spec.name, message)
        self.kill()

    def _finish(self, outcome: Outcome) -> None:
        self._clear_alarm()
        if self._invocation is not None:
            self._invocation.finish(outcome)
            self._invocation = None

    def _gone(self, exit_code: int | None) -> None:
        self._clear_alarm()
        if self.state is WorkerState.STARTING:
            self.init_error = self.init_error or f"the process ended with {exit_code} before it was ready"
        if self._invocation is not None:
            request_id = self._invocation.request_id
            message = f"RequestId: {request_id} Error: Runtime exited with {exit_code}"
            self._finish(error_outcome("Runtime.ExitError", message, request_id=request_id))
        self.state = WorkerState.GONE
        self._changed(self)

    async def _runtime_call(self, request: Request) -> Response:
        """Route one call of the runtime: next, response, error, init/error."""
        path = request.target
        if path.endswith("/runtime/invocation/next"):
            return await self._next_event()
        if path.endswith("/runtime/init/error"):
            self.init_error = _one_line(request.body)
            return _ACCEPTED
        invocation = self._invocation
        if invocation is None or f"/invocation/{invocation.request_id}/" not in path:
            return json_response(400, '{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}')
        if path.endswith("/response"):
            self._finish(Outcome(is_error=False, payload=request.body))
        else:
            self._finish(Outcome(is_error=True, payload=request.body))
        return _ACCEPTED

    async def _next_event(self) -> Response:
        if self.state is WorkerState.STARTING:
            self.init_ms = round((time.perf_counter() - self._started_s) * 1000)
        self._clear_alarm()
        self._next = asyncio.get_running_loop().create_future()
        self.state = WorkerState.IDLE
        self._changed(self)
        invocation = await self._next
        deadline_ms = time.time_ns() // 1_000_000 + round(self.spec.timeout_s * 1000)
        name = self._environment["AWS_LAMBDA_FUNCTION_NAME"]
        arn = f"arn:aws:lambda:{self._environment['AWS_REGION']}:000000000000:function:{name}"
        headers = (
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", arn),
            (
                "Lambda-Runtime-Trace-Id",
                f"Root=1-{invocation.request_id[:8]}-{invocation.request_id[-12:]:0>24}",
            ),
        )
        return Response(200, headers, invocation.payload)


def _one_line(body: bytes) -> str:
    """The runtime's INIT error as one readable line."""
    try:
        error = json.loads(body)
        text = f"{error['errorType']}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        text = body.decode(errors="replace")
    return " ".join(text.split())[:2000]
