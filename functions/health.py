"""The health function: alive, ready, and measured; plain ASGI, because it is asked more often than anything.

    GET /health         alive: no dependency is touched
    GET /health/ready   200 or 503: each dependency within its own time limit; names, never values; 1 s old at most
    GET /metrics        Prometheus text, for whoever holds METRICS_TOKEN

It also answers what no other function's routes match (the gateway's $default), hence a 404 for the rest.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from functions.edge.blocking import run_blocking
from functions.edge.boundary import Boundary
from functions.edge.exchange import Exchange, Scope, exchange_of, header
from functions.edge.lambda_entry import lambda_handler
from functions.edge.problems import refusal_of
from functions.edge.prometheus import MEDIA_TYPE, metrics_text
from functions.edge.replies import AsgiApp, Receive, Reply, Send, json_reply
from shared.bootstrap.health import health_parts
from shared.domain.errors import Refused

if TYPE_CHECKING:
    from shared.services.check_dependencies import DependencyState
    from shared.wiring import HealthWiring

ASKED_EVERY_S: Final = 1.0
METHODS = ("GET", "HEAD")
Answer = Callable[[Scope, "HealthWiring"], Awaitable[Reply]]


async def alive(scope: Scope, wiring: HealthWiring) -> Reply:  # noqa: ARG001 - one shape for all three
    """The process serves; nothing else is claimed."""
    return json_reply(200, {"status": "ok"})


class Readiness:
    """The dependencies' states, asked for at most once a second and by one request at a time.

    Nobody who asks is counted, because the limiter is one of the dependencies: without a memory a stranger would
    ask the database as often as the gateway lets them.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._states: Sequence[DependencyState] = ()
        self._asked_s = -ASKED_EVERY_S

    async def states(self, wiring: HealthWiring) -> Sequence[DependencyState]:
        """The states of this second."""
        from shared.services.check_dependencies import check_dependencies

        async with self._turn:
            if time.monotonic() - self._asked_s >= ASKED_EVERY_S:
                self._states = await run_blocking(check_dependencies, wiring.dependencies)
                self._asked_s = time.monotonic()
            return self._states

    async def __call__(self, scope: Scope, wiring: HealthWiring) -> Reply:
        """Every dependency's state; 503 as soon as one that matters does not answer."""
        return _readiness_reply(exchange_of(scope), await self.states(wiring))


def _readiness_reply(exchange: Exchange, states: Sequence[DependencyState]) -> Reply:
    is_ready = all(state.status == "ok" for state in states if state.is_essential)
    exchange.cause = next((state.cause for state in states if state.cause), None)
    exchange.outcome = "ok" if is_ready else "not_ready"
    exchange.is_limiter_down = any(state.name == "limiter" and state.status != "ok" for state in states)
    document = {
        "status": "ready" if is_ready else "not_ready",
        "dependencies": [
            {"name": state.name, "status": state.status, "durationMs": state.duration_ms} for state in states
        ],
    }
    return json_reply(200 if is_ready else 503, document)


async def metrics(scope: Scope, wiring: HealthWiring) -> Reply:
    """The backend's numbers, read now; the token is compared in constant time."""
    scheme, _, token = header(scope, "authorization").partition(" ")
    expected = wiring.metrics_token.encode()
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode("latin-1"), expected):
        raise Refused("Send Authorization: Bearer <metrics token>", code="token_invalid")
    samples = await run_blocking(lambda: list(wiring.samples()))
    return Reply(200, metrics_text(samples).encode(), {"content-type": MEDIA_TYPE})


def create_health_app(wiring: Callable[[], HealthWiring]) -> AsgiApp:
    """The ASGI application; `wiring` is asked once per request, so it keeps what it builds."""
    routes: dict[str, Answer] = {"/health": alive, "/health/ready": Readiness(), "/metrics": metrics}

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        try:
            reply = await _answer(routes, scope, exchange, wiring())
        except Refused as refused:
            reply = refusal_of(exchange, refused)
        await (_without_body(reply) if scope["method"] == "HEAD" else reply)(scope, receive, send)

    return Boundary(serve, name="health", wiring=lambda: wiring().edge)


async def _answer(
    routes: Mapping[str, Answer], scope: Scope, exchange: Exchange, wiring: HealthWiring
) -> Reply:
    answer = routes.get(scope["path"])
    if answer is None:
        raise Refused("There is nothing here", code="not_found")
    exchange.route = scope["path"]
    if scope["method"] not in METHODS:
        exchange.reply_headers["allow"] = ", ".join(METHODS)
        raise Refused("This path answers GET", code="method_not_allowed")
    return await answer(scope, wiring)


def _without_body(reply: Reply) -> Reply:
    return Reply(reply.status, b"", reply.headers)


app = create_health_app(health_parts)
handler = lambda_handler(app, wiring=health_parts, forget=health_parts.forget)
