"""The outermost layer of every HTTP function: nothing passes it unanswered, unnamed or unlogged."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from functions.edge.blocking import is_only_request
from functions.edge.cors import cors_headers, is_preflight, preflight_reply
from functions.edge.exchange import SCOPE_KEY, Exchange, Scope, header, request_id_of
from functions.edge.problems import problem, refusal_of
from functions.edge.request_log import log_request
from functions.edge.request_metrics import measure_request
from functions.edge.security_headers import SECURITY_HEADERS
from shared.domain.errors import Unavailable

if TYPE_CHECKING:
    from functions.edge.replies import AsgiApp, Message, Receive, Send
    from shared.wiring import EdgeWiring


class Boundary:
    """ASGI middleware: request id, readiness, CORS, every error into a problem, headers, one log line.

    `wiring` is asked once per request; while it raises, the function is not ready and every route
    answers 503 `not_ready` (or `unavailable` while the secret store is down).
    """

    def __init__(self, app: AsgiApp, *, name: str, wiring: Callable[[], EdgeWiring]) -> None:
        self._app = app
        self._name = name
        self._wiring = wiring
        self._is_cold = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; other ASGI messages (lifespan) pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        is_cold, self._is_cold = self._is_cold, False
        is_only_request.set("aws.event" in scope)
        exchange = Exchange(request_id=request_id_of(scope), path=scope["path"])
        scope[SCOPE_KEY] = exchange
        reply = _CompletedReply(scope, exchange, send)
        try:
            await self._serve(scope, receive, reply, exchange)
        except Exception as error:  # noqa: BLE001 - the one place where every exception ends as an answer
            problem_reply = refusal_of(exchange, error)
            if not reply.status:
                await problem_reply(scope, receive, reply)
        finally:
            method, duration_ms = scope["method"], (time.perf_counter() - started_s) * 1000
            status = reply.status or 499  # the client left before an answer
            log_request(
                self._name,
                exchange,
                method=method,
                status=status,
                duration_ms=duration_ms,
                is_cold_start=is_cold,
            )
            measure_request(self._name, exchange, method=method, status=status, duration_ms=duration_ms)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        try:
            exchange.wiring = self._wiring()
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever keeps the function from being ready
            exchange.cause = error
            await problem(exchange, 503, code="not_ready", detail="Not ready")(scope, receive, send)
            return
        if is_preflight(scope):
            reply = preflight_reply(scope, exchange, origins=exchange.wiring.cors_origins)
            await reply(scope, receive, send)
            return
        _keep_identity(scope, exchange.wiring)
        await self._app(scope, receive, send)


def _keep_identity(scope: Scope, wiring: EdgeWiring) -> None:
    """What the platform says we are, for this request; behind API Gateway nobody but the client says it."""
    if wiring.identity is not None and "aws.event" not in scope:
        wiring.identity.keep(header(scope, wiring.identity.header))


class _CompletedReply:
    """An ASGI `send` that adds the common headers to whatever reply passes, and remembers its status."""

    def __init__(self, scope: Scope, exchange: Exchange, send: Send) -> None:
        self.status = 0
        self._scope = scope
        self._exchange = exchange
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._completed(list(message.get("headers", ())))
        await self._send(message)

    def _completed(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        exchange = self._exchange
        is_ready = hasattr(exchange, "wiring")
        added = {
            **SECURITY_HEADERS,
            **cors_headers(self._scope, origins=exchange.wiring.cors_origins if is_ready else ()),
            **exchange.reply_headers,
            "x-request-id": exchange.request_id,
        }
        names = {name for name, _ in given}
        extra = [(name.encode(), value.encode("latin-1")) for name, value in added.items()]
        return given + [(name, value) for name, value in extra if name not in names]
