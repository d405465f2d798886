"""API Gateway and Lambda on loopback: serverless.yml's routes in front of the functions' real handlers.

Two ports: the public one speaks HTTP as API Gateway does, the private one speaks Lambda's Invoke API for the
functions that have no HTTP. Runnable: `python -m infra.local.gateway --help`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import logging
import os
import signal
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from infra.local.clock import stack_now_ms
from infra.local.events import http_response, request_event, split_target
from infra.local.function_pool import FunctionPool
from infra.local.http1 import HttpServer, Request, Response, message_response
from infra.local.invoke_api import InvokeApi
from infra.local.platform_metrics import PlatformMetrics
from infra.local.routes import RouteTable
from infra.local.runtime_api import Outcome
from infra.local.serverless_file import ServiceSpec, read_service

REGION = "eu-central-1"
_BODY_LIMIT_BYTES = 10 * 1024 * 1024  # API Gateway's request payload limit for HTTP APIs
_INTEGRATION_LIMIT_S = 30.0
_log = logging.getLogger(__name__)


class Gateway:
    """The functions of one service; `environments` gives each one its settings, and nothing else reaches it."""

    def __init__(
        self,
        service: ServiceSpec,
        *,
        environments: Mapping[str, Mapping[str, str]],
        clock_file: Path,
        root: Path,
        log_dir: Path,
        max_workers: int,
        max_queued: int,
    ) -> None:
        self.service = service
        self._environments = environments
        self._clock_file = clock_file
        self._root = root
        self._log_dir = log_dir
        self._max_workers = max_workers
        self._max_queued = max_queued
        self._metrics = PlatformMetrics(log_dir / "platform.log")
        self._routes = RouteTable(service)
        self._pools: dict[str, FunctionPool] = {}
        self._invoke_api = InvokeApi(service, pools=self._pools)
        self._public = HttpServer(self._measured_call, body_limit_bytes=_BODY_LIMIT_BYTES)
        self._private = HttpServer(self._invoke_api.answer, body_limit_bytes=_BODY_LIMIT_BYTES)
        self._schedules: list[asyncio.Task[None]] = []

    @property
    def urls(self) -> tuple[str, str]:
        """The public and the private URL, once started."""
        return f"http://127.0.0.1:{self._public.port}", f"http://127.0.0.1:{self._private.port}"

    async def start(self, *, port: int, private_port: int, schedule_every_s: float | None) -> None:
        """Bind both ports, start one worker of each function and wait until each INIT succeeded or failed.

        `schedule_every_s` replaces every schedule's own period; 0 switches schedules off, None keeps them.
        """
        await self._private.start(private_port)
        await self._public.start(port)
        for spec in self.service.functions.values():
            self._pools[spec.name] = FunctionPool(
                spec,
                environment=self._worker_environment(spec.name),
                root=self._root,
                log_path=self._log_dir / f"{spec.name}.log",
                max_workers=self._max_workers,
                max_queued=self._max_queued,
                measure=functools.partial(self._metrics.invoked, self.service.deployed_name(spec.name)),
            )
            self._pools[spec.name].start()
        await asyncio.gather(*(pool.settled() for pool in self._pools.values()))
        for spec in self.service.functions.values():
            every_s = spec.every_s if schedule_every_s is None else schedule_every_s
            if spec.every_s and every_s:
                self._schedules.append(asyncio.create_task(self._run_schedule(spec.name, every_s)))

    async def stop(self) -> None:
        """Stop schedules, ports and workers, in that order."""
        for task in self._schedules:
            task.cancel()
        await asyncio.gather(*self._schedules, return_exceptions=True)
        await self._public.stop()
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
        await self._private.stop()

    def _worker_environment(self, name: str) -> dict[str, str]:
        """What Lambda itself sets, then the function's own settings."""
        spec = self.service.functions[name]
        deployed = self.service.deployed_name(name)
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": str(self._root),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_NAME": deployed,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{deployed}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "LAMBDA_TASK_ROOT": str(self._root),
            "_HANDLER": spec.handler,
            **({"LAMBDA_ENDPOINT_URL": self.urls[1]} if "SIGNER_FUNCTION_NAME" in spec.environment else {}),
            **self._environments.get(name, {}),
        }

    async def _measured_call(self, request: Request) -> Response:
        answer = await self._http_call(request)
        self._metrics.answered(answer.status)
        return answer

    async def _http_call(self, request: Request) -> Response:
        path, _ = split_target(request.target)
        match = self._routes.match(request.method, path)
        if match is None:
            return message_response(404)
        request_id = str(uuid.uuid4())
        event = request_event(
            request,
            match,
            request_id=request_id,
            now_ms=stack_now_ms(self._clock_file),
            port=self._public.port,
        )
        outcome = await self._invoke(match.route.function, event)
        if outcome is None:
            return message_response(503)
        return (
            message_response(500)
            if outcome.is_error
            else http_response(outcome.payload, request_id=request_id)
        )

    async def _invoke(self, function: str, event: object) -> Outcome | None:
        """None when the integration's time is over; a worker that has the event still finishes it."""
        try:
            async with asyncio.timeout(_INTEGRATION_LIMIT_S):
                return await self._pools[function].invoke(json.dumps(event).encode())
        except TimeoutError:
            return None

    async def _run_schedule(self, function: str, every_s: float) -> None:
        """Invoke a function each `every_s` seconds of real time, as EventBridge would, never twice at once."""
        while True:
            await asyncio.sleep(every_s)
            chosen = self.service.functions[function].scheduled_event
            at = datetime.fromtimestamp(stack_now_ms(self._clock_file) / 1000, tz=UTC)
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": "000000000000",
                "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": REGION,
                "resources": [],
                "detail": {},
            }
            outcome = await self._pools[function].invoke(json.dumps(chosen or event).encode())
            if outcome.is_error:
                _log.error(
                    "scheduled %s failed: %s", function, outcome.payload.decode(errors="replace")[:500]
                )


async def _serve(options: argparse.Namespace) -> None:
    parent = os.getppid()
    service = read_service(options.serverless, stage=options.stage)
    if options.functions:
        chosen = {name: service.functions[name] for name in options.functions.split(",")}
        service = ServiceSpec(service.name, service.stage, chosen)
    options.logs.mkdir(parents=True, exist_ok=True)
    gateway = Gateway(
        service,
        environments=json.loads(options.environments.read_text()) if options.environments else {},
        clock_file=options.clock,
        root=options.root,
        log_dir=options.logs,
        max_workers=options.max_workers,
        max_queued=options.max_queued,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await gateway.start(
            port=options.port, private_port=options.private_port, schedule_every_s=options.schedule_every_s
        )
        sys.stdout.write(f"ready gateway {' '.join(gateway.urls)}\n")
        sys.stdout.flush()
        while not stop.is_set() and (os.getppid() == parent or not options.exit_with_parent):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)
    finally:
        await gateway.stop()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="API Gateway and Lambda on loopback")
    parser.add_argument("--serverless", type=Path, default=Path("serverless.yml"))
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--environments", type=Path, help="JSON: {function: {NAME: value}}")
    parser.add_argument("--functions", help="comma-separated; all of them when not given")
    parser.add_argument("--clock", type=Path, required=True, help="file with the stack's offset in ms")
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="where the handlers are imported from")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--private-port", type=int, default=0)
    parser.add_argument("--max-workers", type=int, default=4)
    parser.add_argument("--max-queued", type=int, default=1000, help="waiting events before one is refused")
    parser.add_argument("--schedule-every-s", type=float, help="0 switches schedules off")
    parser.add_argument("--exit-with-parent", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    asyncio.run(_serve(options))


if __name__ == "__main__":
    main()
