"""A Lambda environment that is not ready never starts, and one restored from a snapshot starts afresh."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import snapshot_restore_py

from functions.edge.lambda_entry import lambda_handler
from shared.domain.errors import InvariantBroken
from tests.functions.edge_app import EdgeUnderTest, document_of, gateway_event

LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}


@pytest.fixture
def no_hooks() -> Iterator[None]:
    """The registries of the snapshot library are process-wide."""
    yield
    snapshot_restore_py.get_before_snapshot().clear()
    snapshot_restore_py.get_after_restore().clear()


def test_a_gateway_event_is_answered_through_the_whole_edge(edge: EdgeUnderTest) -> None:
    headers = {**edge.bearer(), "Idempotency-Key": "k1", "Content-Type": "application/json"}
    answer = edge.handler(
        gateway_event("POST", "/api/battle/run", headers=headers, body='{"brokerId":"b1"}'), None
    )
    assert answer["statusCode"] == 200
    assert document_of(answer) == {"playerId": "ann", "brokerId": "b1"}
    assert answer["isBase64Encoded"] is False


def test_a_base64_body_is_the_same_body(edge: EdgeUnderTest) -> None:
    headers = {**edge.bearer(), "idempotency-key": "k1", "content-type": "application/json"}
    event = gateway_event("POST", "/api/battle/run", headers=headers, body="eyJicm9rZXJJZCI6ImIxIn0=")
    assert document_of(edge.handler({**event, "isBase64Encoded": True}, None))["brokerId"] == "b1"


def test_a_problem_travels_as_text_with_its_media_type(edge: EdgeUnderTest) -> None:
    answer = edge.handler(gateway_event("GET", "/api/nothing"), None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (404, False)
    assert answer["headers"]["content-type"] == "application/problem+json"


def test_a_query_is_read_from_the_event(edge: EdgeUnderTest) -> None:
    answer = edge.handler(gateway_event("GET", "/api/claims", headers=edge.bearer(), query="limit=5"), None)
    assert document_of(answer)["limit"] == "5"


def test_on_lambda_a_function_that_is_not_ready_fails_its_init_in_one_clear_line(
    edge: EdgeUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    edge.not_ready = InvariantBroken("CORS_ORIGIN: set it", code="PROD_READINESS_FAILED")
    with pytest.raises(InvariantBroken, match="CORS_ORIGIN"):
        lambda_handler(edge.app, wiring=edge.wiring, environment=LAMBDA)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["code"] == "PROD_READINESS_FAILED"


def test_elsewhere_importing_a_function_asks_for_nothing(edge: EdgeUnderTest) -> None:
    edge.not_ready = InvariantBroken("not configured")
    handler = lambda_handler(edge.app, wiring=edge.wiring, environment={})
    answer = handler(gateway_event("GET", "/api/battle/modes"), None)
    assert (answer["statusCode"], document_of(answer)["code"]) == (503, "not_ready")


@pytest.mark.usefixtures("no_hooks")
def test_after_a_restore_everything_is_forgotten_and_judged_again(edge: EdgeUnderTest) -> None:
    happened: list[str] = []

    def wiring() -> object:
        happened.append("wired")
        return edge.wiring()

    environment = {**LAMBDA, "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
    lambda_handler(edge.app, wiring=wiring, forget=lambda: happened.append("forgot"), environment=environment)
    for hook, arguments, named in snapshot_restore_py.get_before_snapshot():
        hook(*arguments, **named)
    happened.append("restored")
    for hook, arguments, named in snapshot_restore_py.get_after_restore():
        hook(*arguments, **named)
    assert happened == ["wired", "forgot", "restored", "forgot", "wired"]


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-port": "443, 80"},
        {"x-forwarded-port": "https"},
        {"host": "arena.test:https"},
        {"host": "[::1]:443"},
        {"Host": "", "X-Forwarded-Port": ""},
    ],
)
def test_a_port_that_is_none_ends_no_invocation(edge: EdgeUnderTest, headers: dict[str, str]) -> None:
    answer = edge.handler(gateway_event("GET", "/api/battle/modes", headers=headers), None)
    assert answer["statusCode"] == 200
