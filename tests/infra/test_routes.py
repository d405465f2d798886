"""Which function answers which path."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.routes import RouteTable
from infra.local.serverless_file import FunctionSpec, ServiceSpec, read_service

TINY = Path(__file__).parent / "tiny_service" / "serverless.yml"


def _table(*keys: str) -> RouteTable:
    spec = FunctionSpec("f", "m.handler", 10, 128, None, (), keys, None)
    return RouteTable(ServiceSpec("s", "dev", {"f": spec}))


# The four examples of API Gateway's developer guide, then the edges between them.
GUIDE = ("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default")


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("GET", "/pets/dog/", "GET /pets/{proxy+}", {"proxy": "dog/"}),
        ("GET", "/", "$default", {}),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    match = _table(*GUIDE).match(method, path)
    assert match is not None
    assert (match.route.key, dict(match.path_parameters)) == (key, parameters)


def test_a_named_method_goes_before_any() -> None:
    table = _table("ANY /a", "GET /a")
    assert [table.match(m, "/a").route.key for m in ("GET", "POST")] == ["GET /a", "ANY /a"]  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["/x", "/x/", "/", ""])
def test_a_greedy_parameter_needs_at_least_one_character(path: str) -> None:
    assert _table("ANY /x/{proxy+}").match("GET", path) is None


def test_a_route_key_declared_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        _table("GET /a", "GET /a")


def test_serverless_yml_is_read_as_the_framework_reads_it() -> None:
    service = read_service(TINY, stage="dev")
    echo, private = service.functions["echo"], service.functions["private"]
    assert service.deployed_name("echo") == "tiny-dev-echo"
    assert (echo.timeout_s, echo.memory_mb, echo.reserved_concurrency) == (2.0, 128, 2)
    assert echo.environment == ("APP_ENV", "GREETING")
    assert echo.route_keys[2:] == ("GET /things/{id}/parts", "$default")
    assert (private.every_s, private.route_keys) == (60, ())
    assert service.functions["faulty"].handler == "tiny_handlers.faulty.handler"
