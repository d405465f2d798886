"""Every route of every deployed function keeps the edge's promises, not only the edge's own example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions.edge.json_body import BODY_BYTES_MAX
from infra.local.stack import Stack, running_stack
from infra.ops.openapi.merged import merged_document
from tests.whole_backend import HTTP_FUNCTIONS, WholeBackend, whole_backend, wired

ORIGIN = "http://localhost:5173"
STRANGERS = (
    "https://evil.example",
    "null",
    f"{ORIGIN}.evil.example",
    f"{ORIGIN}/",
    ORIGIN.upper(),
    f"{ORIGIN},https://evil.example",
)
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "vary": "Origin",
}
TELLS_A_VERSION = re.compile(
    r"starlette|fastapi|uvicorn|mangum|pydantic|python/|pymongo|werkzeug|httpx|\b3\.1[0-9]\.[0-9]",
    re.IGNORECASE,
)
DOCUMENT = merged_document()
ROUTES = [
    pytest.param(method, re.sub(r"\{[^}]*\}", "x1", path), operation, id=f"{method} {path}")
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
WITH_BODY = [route for route in ROUTES if "requestBody" in route.values[2]]
ONE_OF_EACH = {
    "health": "/health/ready",
    "battle": "/api/battle/modes",
    "economy": "/api/economy/me",
    "claim": "/api/claims",
    "admin": "/api/admin/me",
}


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeBackend]:
    stack = Stack(tmp_path_factory.mktemp("hygiene"), functions=("health",), schedule_every_s=0)
    with running_stack(stack), whole_backend(stack) as backend:
        yield backend


@pytest.fixture(scope="module")
def tokens(backend: WholeBackend) -> dict[str, dict[str, str]]:
    """The authorization header of each kind of caller."""
    player = backend.sign_in(5_000_001)
    second = backend.sign_in(5_000_002)
    return {
        "second player": second,
        "battle": player,
        "economy": player,
        "claim": player,
        "admin": backend.log_in(),
        "health": {},
    }


def check_headers(reply: Any) -> None:
    given = dict(reply.headers)
    assert HEADERS.items() <= {**given, "cache-control": given["cache-control"]}.items()
    assert re.fullmatch(r"[A-Za-z0-9._=+/-]{1,64}", given["x-request-id"])
    assert not {"server", "x-powered-by", "via"} & set(given)
    assert not TELLS_A_VERSION.search(
        "\n".join(f"{name}: {value}" for name, value in given.items()) + reply.text
    )


@pytest.mark.parametrize(("method", "path", "operation"), ROUTES)
def test_a_route_answers_a_stranger_with_the_headers_and_without_a_version(
    backend: WholeBackend, method: str, path: str, operation: dict[str, Any]
) -> None:
    reply = backend.send(method.upper(), path)
    assert reply.status_code in (200, 400, 401)
    assert reply.status_code != 200 or "security" not in operation
    check_headers(reply)


@pytest.mark.parametrize(("method", "path", "operation"), ROUTES)
def test_a_route_that_names_a_caller_lets_nobody_else_in(
    backend: WholeBackend,
    tokens: dict[str, dict[str, str]],
    method: str,
    path: str,
    operation: dict[str, Any],
) -> None:
    if "security" not in operation:
        return
    (scheme,) = {name for option in operation["security"] for name in option}
    foreign = tokens["battle" if scheme in ("adminSession", "metricsToken") or "dmin" in scheme else "admin"]
    for headers in ({}, {"authorization": "Bearer x.y.z"}, foreign):
        reply = backend.send(method.upper(), path, headers={**headers, "idempotency-key": "stranger"})
        assert reply.status_code == 401, (scheme, reply.text)
        assert reply.headers["content-type"] == "application/problem+json"
        assert "www-authenticate" in reply.headers


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BODY)
@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/json; charset=utf-16", 415),
        (b"{", "application/json", 400),
        (b'{"a":1,"a":2}', "application/json", 400),
        (b"[" * 17 + b"]" * 17, "application/json", 400),
        (b'{"unknownField":1}', "application/json", 400),
        (b'"' + b"x" * BODY_BYTES_MAX + b'"', "application/json", 413),
    ],
    ids=["plain", "form", "charset", "broken", "twice", "deep", "unknown", "large"],
)
def test_a_route_with_a_body_reads_bounded_unambiguous_json_alone(
    backend: WholeBackend,
    tokens: dict[str, dict[str, str]],
    method: str,
    path: str,
    operation: dict[str, Any],
    content: bytes,
    media_type: str,
    status: int,
) -> None:
    # Claims are few a minute and player; half of these come from a second one.
    caller = tokens[
        "second player" if status != 400 and operation["tags"] == ["claim"] else operation["tags"][0]
    ]
    headers = {
        **caller,
        "content-type": media_type,
        "idempotency-key": "hygiene",
        "if-match": '"1"',
    }
    reply = backend.send(method.upper(), path, content=content, headers=headers)
    assert reply.status_code == status, reply.text
    check_headers(reply)


@pytest.mark.parametrize("function", HTTP_FUNCTIONS)
@pytest.mark.parametrize("origin", STRANGERS)
def test_a_function_grants_a_strange_origin_nothing(
    backend: WholeBackend, function: str, origin: str
) -> None:
    asked = backend.send(
        "OPTIONS",
        ONE_OF_EACH[function],
        headers={"origin": origin, "access-control-request-method": "POST"},
    )
    answered = backend.send("GET", ONE_OF_EACH[function], headers={"origin": origin})
    assert asked.status_code == 403
    assert not any(name.startswith("access-control-") for name in [*asked.headers, *answered.headers])


@pytest.mark.parametrize("function", HTTP_FUNCTIONS)
def test_a_function_grants_a_listed_origin_exactly_itself(backend: WholeBackend, function: str) -> None:
    headers = {"origin": ORIGIN, "access-control-request-method": "POST"}
    asked = backend.send("OPTIONS", ONE_OF_EACH[function], headers=headers)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert "access-control-allow-credentials" not in asked.headers


@pytest.mark.parametrize("function", HTTP_FUNCTIONS)
def test_a_function_keeps_a_good_request_id_and_replaces_a_bad_one(
    backend: WholeBackend, function: str
) -> None:
    path = ONE_OF_EACH[function]
    assert (
        backend.send("GET", path, headers={"x-request-id": "good-id-1"}).headers["x-request-id"]
        == "good-id-1"
    )
    for bad in ("x", 'a"},{"b', "a" * 65):
        assert backend.send("GET", path, headers={"x-request-id": bad}).headers["x-request-id"] != bad


@pytest.mark.parametrize(("method", "path", "operation"), ROUTES)
def test_a_path_refuses_the_methods_it_does_not_document(
    backend: WholeBackend, method: str, path: str, operation: dict[str, Any]
) -> None:
    reply = backend.send("TRACE", path)
    assert (reply.status_code, reply.json()["code"]) == (405, "method_not_allowed")
    assert method.upper() in reply.headers["allow"]
    check_headers(reply)


def test_the_edge_of_every_function_believes_only_its_platforms_address(
    backend: WholeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Lambda no header is read; on Vercel its own one is, because its proxy overwrites what a client sends."""
    from shared.bootstrap.battle import start_battle
    from shared.config.functions.battle import BattleSettings
    from shared.config.loading import load

    settings = load(BattleSettings, environment=backend.environments["battle"])
    assert start_battle(settings).edge.address_header == ""
    monkeypatch.setenv("VERCEL", "1")
    assert start_battle(settings).edge.address_header == "x-vercel-forwarded-for"


@pytest.mark.parametrize("function", HTTP_FUNCTIONS)
def test_where_init_cannot_fail_every_route_of_an_unready_function_is_503_without_detail(
    backend: WholeBackend, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vercel imports a function whatever its settings are: the app itself must refuse."""
    parts = wired(function)
    marked = {
        **backend.environments[function],
        "NODE_ENV": "production",
        "MONGODB_URI": "mongodb://MARK@localhost/",
    }
    kept = (parts._environment, parts._source, parts._settings, parts._built)
    monkeypatch.setattr(parts, "_environment", marked)
    monkeypatch.setattr(parts, "_source", None)
    monkeypatch.setattr(parts, "_built", None)
    try:
        for route in ROUTES:
            method, path, operation = route.values
            if operation["tags"] != [function]:
                continue
            reply = backend.send(method.upper(), path)
            problem = reply.json()
            assert (reply.status_code, problem["code"], problem["detail"]) == (503, "not_ready", "Not ready")
            assert set(problem) == {"type", "title", "status", "detail", "instance", "code", "requestId"}
            assert "MARK" not in reply.text
            assert "MONGODB" not in json.dumps(dict(reply.headers)) + reply.text
            check_headers(reply)
    finally:
        parts._environment, parts._source, parts._settings, parts._built = kept
