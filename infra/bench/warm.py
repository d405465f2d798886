"""What our edge adds to an event once a function is warm, over a handler that answers a dict.

Three real `awslambdaric` processes, each with a Runtime API of its own, take turns event by event: a bare
handler, GET /health of the health function (no dependency is touched), and GET /api/brokers of the battle
function without a token (routing, authentication, a 401 problem: neither database nor limiter is asked). A
time is from the event's sending to the answer's arrival. Of three rounds each handler's quietest counts:
whoever else uses the machine can only add. The bound is 1.5 ms over the bare handler.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.bench.bundled import hide_unbundled
from infra.bench.function_settings import NOWHERE, local_values, settings_of
from infra.bench.parameter_store_endpoint import ParameterStoreEndpoint
from infra.bench.runtime_endpoint import INIT_ERROR, NEXT, RuntimeEndpoint
from infra.bench.runtime_process import lambda_environment, runtime_process
from infra.local.supervisor import PROJECT

ROUNDS: Final = 3
EVENTS: Final = 200
UNCOUNTED: Final = 20
BUDGET_MS: Final = 1.5
BARE: Final = "bare handler"
_ANSWER: Final = 'def handler(event, context):\n    return {"statusCode": 200, "body": "{}"}\n'
_INIT_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Route:
    """One measured handler, the path it is asked, and the status that proves it answered what was meant."""

    handler: str
    path: str
    status: int


ROUTES: Final[Mapping[str, Route]] = {
    BARE: Route("bare_handler.handler", "/health", 200),
    "health: GET /health": Route("functions.health.handler", "/health", 200),
    "battle: GET /api/brokers, 401": Route("functions.battle.handler", "/api/brokers", 401),
}


@dataclass(frozen=True, slots=True)
class WarmOverhead:
    """One route's median time in ms, and what of it a bare handler would not take."""

    name: str
    took_ms: float
    over_bare_ms: float

    @property
    def is_within_budget(self) -> bool:
        return self.over_bare_ms <= BUDGET_MS

    def describe(self) -> str:
        """One line for people."""
        if self.name == BARE:
            return f"{self.name:<30} {self.took_ms:5.2f} ms"
        verdict = "" if self.is_within_budget else "  OVER BUDGET"
        return f"{self.name:<30} {self.took_ms:5.2f} ms  {self.over_bare_ms:5.2f} over bare, of {BUDGET_MS}{verdict}"


def measure_warm(*, events: int = EVENTS) -> list[WarmOverhead]:
    """Medians of so many events a round, after some that nobody counts. Raises RuntimeError on a wrong answer."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="warm-")))
        (folder / "bare_handler.py").write_text(_ANSWER)
        endpoints = {name: _started(stack, folder, route) for name, route in ROUTES.items()}
        for endpoint, route in zip(endpoints.values(), ROUTES.values(), strict=True):
            for _ in range(UNCOUNTED):
                _asked_ms(endpoint, route)
        rounds = [_round(endpoints, events=events) for _ in range(ROUNDS)]
    quietest = {name: min(medians[name] for medians in rounds) for name in ROUTES}
    return [WarmOverhead(name, took, took - quietest[BARE]) for name, took in quietest.items()]


def _round(endpoints: Mapping[str, RuntimeEndpoint], *, events: int) -> dict[str, float]:
    """Each handler's median in ms; they take turns event by event."""
    took_ms: dict[str, list[float]] = {name: [] for name in endpoints}
    for _ in range(events):
        for name, endpoint in endpoints.items():
            took_ms[name].append(_asked_ms(endpoint, ROUTES[name]))
    return {name: statistics.median(times) for name, times in took_ms.items()}


def _started(stack: ExitStack, folder: Path, route: Route) -> RuntimeEndpoint:
    """The Runtime API of a handler that waits for its first event."""
    is_bare = route is ROUTES[BARE]
    known = local_values(folder, urls=NOWHERE)[1]
    settings, behind = ({}, {}) if is_bare else settings_of(route.handler.split(".")[1], known)
    parameters = stack.enter_context(ParameterStoreEndpoint(behind).serving())
    endpoint = stack.enter_context(RuntimeEndpoint().serving())
    path = folder if is_bare else PROJECT
    environment = lambda_environment(
        path=(hide_unbundled("battle", folder), path),
        runtime_port=endpoint.port,
        parameter_store_port=parameters.port,
        settings=settings,
    )
    stack.enter_context(runtime_process(route.handler, path=path, environment=environment))
    if endpoint.wait_for(NEXT, INIT_ERROR, within_s=_INIT_LIMIT_S) == INIT_ERROR:
        raise RuntimeError(f"{route.handler} did not start: {endpoint.failure[:500]}")
    return endpoint


def _asked_ms(endpoint: RuntimeEndpoint, route: Route) -> float:
    outcome = endpoint.send(gateway_event("GET", route.path))
    if outcome.is_error or json.loads(outcome.body)["statusCode"] != route.status:
        raise RuntimeError(f"{route.handler} answered {outcome.body[:500]!r}")
    return outcome.took_s * 1000


def gateway_event(method: str, path: str) -> dict[str, Any]:
    """An HTTP API event (payload 2.0) without a body."""
    http = {
        "method": method,
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": "203.0.113.9",
        "userAgent": "bench",
    }
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "arena.test", "user-agent": "bench", "x-forwarded-for": "203.0.113.9"},
        "requestContext": {"http": http, "requestId": "JKJaXmPLvHcESHA=", "stage": "$default"},
        "isBase64Encoded": False,
    }


def print_warm() -> bool:
    """Print what each route adds; whether all of them are within the budget."""
    found = measure_warm()
    print(f"warm, medians of {EVENTS} events, the quietest of {ROUNDS} rounds")
    print("\n".join(overhead.describe() for overhead in found))
    return all(overhead.is_within_budget for overhead in found)
