"""The route class of all player, claim and admin routes: the order in which a request is judged.

Who (401), how often (429), a readable body (413, 415, 400), its fields (400), and only then the route.
FastAPI alone would judge the body first, so that anybody could have us parse without ever being counted. We
parse first only where the body itself says in which buckets to count.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from typing_extensions import override

from functions.edge.authentication import Authentication
from functions.edge.blocking import run_blocking
from functions.edge.client_address import client_address
from functions.edge.exchange import Exchange, exchange_of, header
from functions.edge.idempotency import BODY_FIELD, keyed_call
from functions.edge.json_body import check_media_type, parse_json, read_body
from functions.edge.problems import ERRORS_MAX
from functions.edge.rate_limits import (
    checks_for,
    counts_by_body,
    limit_headers,
    on_outage_of,
    refused_headers,
)
from shared.domain.errors import ArenaError, Refused, ensure


class EdgeRoute(APIRoute):
    """A route that is authenticated, limited and read by the edge before FastAPI sees its fields."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        dependants = list(_tree(self.dependant))
        self._authentications = [d.call for d in dependants if isinstance(d.call, Authentication)]
        self._parameters = {field.alias for d in dependants for field in d.query_params}
        self._is_keyed = any(d.call is keyed_call for d in dependants)
        self._check_declaration()

    def _check_declaration(self) -> None:
        """What a route may not forget; found at import time, not by a client."""
        ensure(self.operation_id, f"{self.path} has an operation id")
        ensure(len(self._authentications) <= 1, f"{self.path} knows one way to authenticate")
        if self.body_field is not None:
            model = self.body_field.field_info.annotation
            is_closed = (
                isinstance(model, type)
                and issubclass(model, BaseModel)
                and model.model_config.get("extra") == "forbid"
            )
            ensure(is_closed, f"the body of {self.path} is one RequestBody")

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        serve = super().get_route_handler()

        async def judge_and_serve(request: Request) -> Response:
            exchange = exchange_of(request.scope)
            exchange.route = self.path
            for authentication in self._authentications:
                authentication.authenticate(request, exchange)
            is_read_first = counts_by_body(request.method, self.path)
            fault = await self._read(request, exchange) if is_read_first else None
            await self._limit(request, exchange)
            if not is_read_first:
                fault = await self._read(request, exchange)
            if fault is not None:
                raise fault
            self._check_fields(request, exchange)
            return await serve(_ReadRequest(request.scope, request.receive))

        return judge_and_serve

    async def _read(self, request: Request, exchange: Exchange) -> Refused | None:
        """Read and parse the body; what is wrong with it is returned, to be said when its turn comes."""
        if request.method in ("GET", "HEAD"):
            return None
        try:
            body = await read_body(request.scope, request.receive)
            if body:
                check_media_type(header(request.scope, "content-type"))
                exchange.body = parse_json(body)
                exchange.has_body = True
        except Refused as fault:
            return fault
        return None

    async def _limit(self, request: Request, exchange: Exchange) -> None:
        """Count the request in all its buckets, in one round trip; 429 carries the same headers."""
        wiring = exchange.wiring
        ensure(wiring.limit is not None, "a function with edge routes holds the limiter")
        assert wiring.limit is not None  # noqa: S101 - said again for the type checker
        checks = checks_for(
            request.method,
            self.path,
            address=client_address(request.scope, platform_header=wiring.address_header),
            subject=exchange.subject,
            body=exchange.body,
            overrides=await run_blocking(wiring.limit_overrides),
        )
        try:
            verdict = await run_blocking(
                wiring.limit, checks, on_outage=on_outage_of(request.method, self.path)
            )
        except Refused as refused:
            if refused.code == "rate_limited":
                exchange.reply_headers.update(refused_headers(checks, refused.extra))
            raise
        exchange.is_limiter_down = verdict.is_fallback
        exchange.reply_headers.update(limit_headers(checks, verdict))

    def _check_fields(self, request: Request, exchange: Exchange) -> None:
        """Refuse what no field is declared for: query parameters, and a body where none is read."""
        names = [name for name, _ in request.query_params.multi_items()]
        unknown = sorted({name for name in names if name not in self._parameters})
        if unknown or len(set(names)) != len(names):
            raise _form_refused("query", unknown or names, code="unknown_parameter")
        if self.body_field is None and exchange.has_body:
            is_key_alone = (
                self._is_keyed and isinstance(exchange.body, dict) and exchange.body.keys() <= {BODY_FIELD}
            )
            if not is_key_alone:
                raise Refused("This route reads no such body", code="unexpected_body")


class _ReadRequest(Request):
    """The request as FastAPI reads it, its body read and parsed already by the stricter parser."""

    @override
    async def body(self) -> bytes:
        return b"{}" if exchange_of(self.scope).has_body else b""

    @override
    async def json(self) -> Any:
        return exchange_of(self.scope).body


def _form_refused(place: str, names: list[str], *, code: str) -> ArenaError:
    errors = [
        {"in": place, "field": name, "code": code, "detail": "not known here, or repeated"}
        for name in names[:ERRORS_MAX]
    ]
    return Refused("The request has parameters this route does not know", code=code, extra={"errors": errors})


def _tree(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for child in dependant.dependencies:
        yield from _tree(child)


def edge_router() -> APIRouter:
    """A router whose routes pass through the edge; create_app takes no other."""
    return APIRouter(route_class=EdgeRoute, redirect_slashes=False)
