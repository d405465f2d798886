"""What every reply carries, what the log says about it, and what neither ever shows."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from functions.edge.blocking import run_blocking
from functions.edge.request_log import service_logger
from tests.functions.edge_app import ORIGIN, EdgeUnderTest, document_of, gateway_event

SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@pytest.fixture
def log(edge: EdgeUnderTest) -> Iterator[io.StringIO]:
    """What the function writes: its logger keeps the stdout of the process's first request."""
    service_logger("test")
    (handler,) = logging.getLogger("arena-test").handlers
    assert isinstance(handler, logging.StreamHandler)
    before, written = handler.stream, io.StringIO()
    handler.stream = written
    yield written
    handler.stream = before


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("path", ["/api/battle/modes", "/api/nothing", "/api/claims"])
def test_every_reply_carries_the_security_headers_and_no_version(edge: EdgeUnderTest, path: str) -> None:
    headers = edge.call("GET", path).headers
    assert SECURITY.items() <= dict(headers).items()
    assert not {"server", "x-powered-by"} & set(headers)


def test_a_500_and_a_503_carry_them_too(edge: EdgeUnderTest) -> None:
    edge.game.failure = RuntimeError("boom")
    assert SECURITY.items() <= dict(edge.run().headers).items()
    edge.not_ready = RuntimeError("boom")
    assert SECURITY.items() <= dict(edge.run().headers).items()


@pytest.mark.parametrize("sent", ["abcdefgh", "a.b-c_d0", "x" * 64])
def test_a_well_formed_request_id_is_kept(edge: EdgeUnderTest, sent: str) -> None:
    assert (
        edge.call("GET", "/api/battle/modes", headers={"x-request-id": sent}).headers["x-request-id"] == sent
    )


@pytest.mark.parametrize("sent", ["short", "x" * 65, "a b c d e f", 'x"},{"level":"ok', "12345678<"])
def test_a_request_id_of_another_form_is_replaced(edge: EdgeUnderTest, sent: str) -> None:
    got = edge.call("GET", "/api/battle/modes", headers={"x-request-id": sent}).headers["x-request-id"]
    assert got != sent
    assert len(got) == 32


def test_on_lambda_the_gateways_request_id_names_the_request(edge: EdgeUnderTest) -> None:
    answer = edge.handler(gateway_event("GET", "/api/nothing"), None)
    assert answer["headers"]["x-request-id"] == document_of(answer)["requestId"] == "JKJaXmPLvHcESHA="


def test_one_json_line_tells_who_what_how_and_how_long(edge: EdgeUnderTest, log: io.StringIO) -> None:
    edge.run({"brokerId": "tired"}, headers={"x-request-id": "request-1"})
    edge.call("GET", "/api/nothing/at/all")
    refused, unknown = lines(log)
    assert (
        refused.items()
        >= {
            "level": "INFO",
            "service": "arena-test",
            "request_id": "request-1",
            "method": "POST",
            "route": "/api/battle/run",
            "status": 409,
            "outcome": "no_energy",
            "cold_start": True,
        }.items()
    )
    assert refused["duration_ms"] > 0
    assert len(refused["who"]) == 16
    assert (unknown["route"], unknown["cold_start"], unknown["who"]) == ("unmatched", False, "")


def test_the_log_knows_a_caller_again_but_not_by_name(edge: EdgeUnderTest, log: io.StringIO) -> None:
    for player in ("ann-7001", "ann-7001", "bob-7002"):
        edge.call("GET", "/api/claims", headers=edge.bearer(player))
    text = log.getvalue()
    first, again, other = (json.loads(line)["who"] for line in text.splitlines())
    assert first == again != other
    assert "ann-7001" not in text


def test_no_token_body_query_or_address_reaches_the_log(edge: EdgeUnderTest, log: io.StringIO) -> None:
    edge.run({"brokerId": "marked-body"}, headers={"cookie": "marked-cookie"})
    edge.call("GET", "/api/claims?marked-query=1", headers=edge.bearer())
    edge.call("POST", "/api/session", headers={"authorization": "tma marked-initdata"})
    text = log.getvalue()
    assert text
    assert "marked" not in text
    assert edge.token() not in text
    assert "203.0.113.9" not in text


def test_our_own_fault_is_logged_with_its_cause_under_the_same_request_id(
    edge: EdgeUnderTest, log: io.StringIO
) -> None:
    edge.game.failure = ValueError("the cause")
    answer = edge.run()
    (line,) = lines(log)
    assert (line["level"], line["outcome"]) == ("ERROR", "internal")
    assert line["request_id"] == answer.json()["requestId"]
    assert "the cause" in line["exception"]


def test_a_fallback_of_the_limiter_is_in_the_log(edge: EdgeUnderTest, log: io.StringIO) -> None:
    edge.limiter.is_down = True
    edge.run()
    assert lines(log)[0]["limiter_fallback"] is True


def preflight(edge: EdgeUnderTest, origin: str) -> Any:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    return edge.call("OPTIONS", "/api/battle/run", headers=headers)


def test_a_listed_origin_may_call_and_read_our_headers(edge: EdgeUnderTest) -> None:
    asked = preflight(edge, ORIGIN)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "idempotency-key" in asked.headers["access-control-allow-headers"]
    answer = edge.run(headers={"origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"RateLimit", "RateLimit-Policy", "Retry-After", "Idempotent-Replayed", "X-Request-Id"} <= set(
        exposed
    )
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://game.example.evil.example",
        "http://game.example",
        "null",
        "https://game.example:444",
        "*",
    ],
)
def test_any_other_origin_is_refused_and_gets_no_permission(edge: EdgeUnderTest, origin: str) -> None:
    asked = preflight(edge, origin)
    assert (asked.status_code, asked.json()["code"]) == (403, "origin_not_allowed")
    answers = (asked, edge.run(headers={"origin": origin}))
    assert not any(name.startswith("access-control-allow-origin") for a in answers for name in a.headers)


def test_credentials_are_never_allowed(edge: EdgeUnderTest) -> None:
    for answer in (preflight(edge, ORIGIN), edge.run(headers={"origin": ORIGIN})):
        assert "access-control-allow-credentials" not in answer.headers


def test_a_preflight_costs_no_limiter_and_needs_no_session(edge: EdgeUnderTest) -> None:
    preflight(edge, ORIGIN)
    assert edge.limiter.checked == []


def test_off_lambda_a_blocking_service_leaves_the_event_loop_free() -> None:
    async def where() -> tuple[int, int]:
        return await run_blocking(threading.get_ident), threading.get_ident()

    ran_in, loop_in = asyncio.run(where())
    assert ran_in != loop_in


def test_on_lambda_it_runs_inline(edge: EdgeUnderTest) -> None:
    headers = {**edge.bearer(), "idempotency-key": "k1", "content-type": "application/json"}
    event = gateway_event("POST", "/api/battle/run", headers=headers, body='{"brokerId":"b1"}')
    assert edge.handler(event, None)["statusCode"] == 200
    edge.run()
    inline, threaded = edge.game.threads
    assert inline == threading.get_ident() != threaded
