"""Routes on demand: every path finds its route, nothing is built that nobody asked for, and nothing twice."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable

import httpx
import pytest
from fastapi import APIRouter, routing

from functions.edge.app import create_app, edge_router
from functions.edge.lambda_entry import lambda_handler
from functions.edge.route_groups import RouteGroup
from shared.domain.errors import InvariantBroken
from tests.functions.edge_app import EdgeUnderTest, gateway_event


class Loads:
    """Groups of one route each, and which were built."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def group(self, *prefixes: str, path: str) -> RouteGroup:
        def load() -> APIRouter:
            self.loaded.append(path)
            router = edge_router()

            @router.get(path, operation_id=f"get{len(self.loaded)}")
            async def answer() -> dict[str, str]:
                return {"path": path}

            return router

        return RouteGroup(prefixes, load)


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
def ask(loads: Loads) -> Callable[..., httpx.Response]:
    groups = [
        loads.group("/api/a", path="/api/a"),
        loads.group("/api/a", "/api/b", path="/api/a/{name}"),
        loads.group("/api/ab", path="/api/ab"),
    ]
    app = create_app("test", groups=groups, wiring=EdgeUnderTest().wiring)

    def ask(path: str, *, method: str = "GET") -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path)

        return asyncio.run(once())

    return ask


def test_a_request_builds_the_groups_that_may_serve_it_once(
    ask: Callable[..., httpx.Response], loads: Loads
) -> None:
    for path in ("/api/a", "/api/a/x", "/api/a"):
        assert ask(path).status_code == 200
    assert loads.loaded == ["/api/a", "/api/a/{name}"]


def test_a_path_nobody_serves_builds_nothing(ask: Callable[..., httpx.Response], loads: Loads) -> None:
    for path in ("/", "/api", "/api/abc", "/api/aa/x", "/api//a"):
        assert ask(path).status_code == 404
    assert loads.loaded == []


def test_a_wrong_method_is_told_the_right_ones(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("/api/ab", method="POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_group_that_fails_to_load_is_tried_again(loads: Loads) -> None:
    tries = []

    def load() -> APIRouter:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("the disk did not answer")
        return edge_router()

    app = create_app("test", groups=[RouteGroup(("/api/a",), load)], wiring=EdgeUnderTest().wiring)
    with pytest.raises(OSError, match="disk"):
        app.load_routes("/api/a")
    app.load_routes("/api/a")
    assert len(tries) == 2


def test_routes_are_built_once_and_nothing_is_left_to_build_for_the_first_request(
    edge: EdgeUnderTest, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app("test", groups=[loads.group("/api/a", path="/api/a")], wiring=edge.wiring)
    app.load_routes()
    built: list[object] = []
    monkeypatch.setattr(routing, "get_dependant", lambda **named: built.append(named))
    handler = lambda_handler(app, wiring=edge.wiring, environment={})
    assert handler(gateway_event("GET", "/api/a"), None)["statusCode"] == 200
    assert built == []


def test_a_route_of_another_router_is_not_served() -> None:
    router = APIRouter()
    router.add_api_route("/api/a", lambda: None)
    app = create_app("test", groups=[RouteGroup(("/api/a",), lambda: router)], wiring=EdgeUnderTest().wiring)
    with pytest.raises(InvariantBroken):
        app.load_routes()


@pytest.mark.parametrize("function", ["battle", "economy", "claim", "admin"])
def test_every_route_of_a_function_lies_below_a_prefix_of_its_own_group(function: str) -> None:
    groups = importlib.import_module(f"functions.{function}").GROUPS
    paths = [(group, route.path) for group in groups for route in group.load().routes]
    assert len(paths) > 3
    assert [path for group, path in paths if not group.may_serve(path)] == []
