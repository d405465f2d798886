"""Routes that are imported and built when the first request asks for one of them.

Building FastAPI's routes and their models costs a starting environment more than anything else of ours,
and most of its requests are for one group. A snapshot carries all of them (`EdgeApp.load_routes`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter

    from functions.edge.exchange import Scope
    from functions.edge.replies import AsgiApp, Receive, Send


@dataclass(frozen=True, slots=True)
class RouteGroup:
    """Routes whose paths are, or are below, one of `prefixes`; groups may share a prefix."""

    prefixes: tuple[str, ...]
    load: Callable[[], APIRouter]

    def may_serve(self, path: str) -> bool:
        """Whether a route of this group may have this path."""
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in self.prefixes)


class RoutesOnDemand:
    """ASGI middleware of an EdgeApp: whatever may serve the path is there before the router looks for it."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load, then pass the request on."""
        if scope["type"] == "http":
            scope["app"].load_routes(scope["path"])
        await self._app(scope, receive, send)
