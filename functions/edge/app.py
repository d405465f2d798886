"""The app factory: routers in, one FastAPI application out, with everything the edge promises around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Match
from typing_extensions import override

from functions.edge.boundary import Boundary
from functions.edge.exchange import exchange_of
from functions.edge.openapi import completed
from functions.edge.problems import ERRORS_MAX
from functions.edge.route_groups import RoutesOnDemand
from functions.edge.routes import EdgeRoute, edge_router
from shared.domain.errors import InvariantBroken, Refused, ensure

if TYPE_CHECKING:
    from functions.edge.exchange import Scope
    from functions.edge.route_groups import RouteGroup
    from shared.wiring import EdgeWiring

__all__ = ["create_app", "edge_router"]

API_VERSION: Final = "1.0.0"
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
"""Traces come from X-Ray; FastAPI's own spans would cost time and show nobody anything."""


class EdgeApp(FastAPI):
    """FastAPI whose routes come in groups, on demand, and whose OpenAPI document tells the truth about our errors."""

    def __init__(self, *arguments: Any, groups: Sequence[RouteGroup], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._waiting = list(groups)

    def load_routes(self, path: str | None = None) -> None:
        """Build the groups that may serve this path, or all; nothing is built twice.

        Raises InvariantBroken for a route that did not come from `edge_router`.
        """
        for group in [each for each in self._waiting if path is None or each.may_serve(path)]:
            self.add_router(group.load())
            self._waiting.remove(group)

    def add_router(self, router: APIRouter) -> None:
        """Serve these routes from now on."""
        routes = [route for route in router.routes if isinstance(route, EdgeRoute)]
        ensure(len(routes) == len(router.routes), "routes come from edge_router()")
        # include_router would build every route once more, at the first request.
        self.router.routes.extend(routes)

    def methods_of(self, scope: Scope) -> list[str]:
        """The methods of all routes of this path; the framework names those of the first one only."""
        routes = [route for route in self.routes if isinstance(route, EdgeRoute)]
        matching = [route for route in routes if route.matches(scope)[0] is not Match.NONE]
        return sorted({method for route in matching for method in route.methods or ()})

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.load_routes()
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def create_app(
    name: str,
    *,
    routers: Sequence[APIRouter] = (),
    groups: Sequence[RouteGroup] = (),
    wiring: Callable[[], EdgeWiring],
) -> EdgeApp:
    """The ASGI application of one function: `routers` are there at once, `groups` when first asked for.

    `wiring` is called at the first request and then once per request: it checks readiness, builds
    what the edge needs, and keeps it. No documentation route is served anywhere; `app.openapi()`
    generates the document.
    """
    app = EdgeApp(
        groups=groups,
        title=f"AIBA Arena: {name}",
        version=API_VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(Boundary, name=name, wiring=wiring),
            Middleware(RoutesOnDemand),
        ],
        telemetry=_NO_TELEMETRY,
    )
    for router in routers:
        app.add_router(router)
    app.state.wiring = wiring
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    return app


async def _refuse_http(request: Request, error: Exception) -> NoReturn:
    """The framework's own noes (no such route, not this method) in our words."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        exchange_of(request.scope).reply_headers["allow"] = ", ".join(request.app.methods_of(request.scope))
        raise Refused("This path answers other methods", code="method_not_allowed") from error
    if status == 404:
        raise Refused("There is nothing here", code="not_found") from error
    raise InvariantBroken(f"the framework answered {status} by itself") from error


async def _refuse_form(request: Request, error: Exception) -> NoReturn:  # noqa: ARG001 - the framework's signature
    """The first invalid fields, each with its place and path; what was sent is never repeated."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [_field_error(entry) for entry in found[:ERRORS_MAX]]
    raise Refused(
        "The request has invalid fields", code="invalid_request", extra={"errors": errors}
    ) from error


def _field_error(entry: dict[str, Any]) -> dict[str, str]:
    place, *path = entry["loc"]
    code = "unknown_field" if entry["type"] == "extra_forbidden" else str(entry["type"])
    return {"in": str(place), "field": ".".join(map(str, path)), "code": code, "detail": str(entry["msg"])}
