"""How the edge says no: problem+json with a stable code, in the right order, and never too much."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from functions.edge.refusal_codes import STATUS_OF_CODE
from shared.domain.errors import InvariantBroken, OutcomeUnknown, Refused, Unavailable
from tests.functions.edge_app import EdgeUnderTest

SOURCES = [path for folder in ("shared", "functions") for path in Path(folder).rglob("*.py")]


def test_a_refusal_is_problem_json_with_code_type_instance_and_request_id(edge: EdgeUnderTest) -> None:
    answer = edge.run({"brokerId": "tired"}, headers={"x-request-id": "my-request-1"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "tag:aiba-arena,2026:no_energy",
        "title": "Conflict",
        "status": 409,
        "detail": "The broker has no energy",
        "instance": "/api/battle/run",
        "code": "no_energy",
        "requestId": "my-request-1",
        "nextEnergyAt": "2026-11-22T10:00:00.000Z",
    }


def test_an_unknown_route_is_a_problem_too(edge: EdgeUnderTest) -> None:
    answer = edge.call("GET", "/api/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_trailing_slash_is_another_route_and_never_a_redirect(edge: EdgeUnderTest) -> None:
    assert edge.call("GET", "/api/battle/modes/").status_code == 404


def test_a_wrong_method_names_every_allowed_one(edge: EdgeUnderTest) -> None:
    answer = edge.call("DELETE", "/api/claims")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_documentation_route_is_served(edge: EdgeUnderTest, path: str) -> None:
    assert edge.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Unavailable("mongo at 10.0.0.7 is down", code="database_unavailable"), 503, "database_unavailable"),
        (OutcomeUnknown("lost the acknowledgement of 10.0.0.7"), 503, "outcome_unknown"),
        (InvariantBroken("balance of 10.0.0.7 below zero"), 500, "internal"),
        (ValueError("10.0.0.7"), 500, "internal"),
    ],
)
def test_a_5xx_never_says_why(edge: EdgeUnderTest, failure: Exception, status: int, code: str) -> None:
    edge.game.failure = failure
    answer = edge.run()
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "10.0.0.7" not in answer.text
    assert "Traceback" not in answer.text


def test_an_outage_says_when_to_come_back(edge: EdgeUnderTest) -> None:
    edge.game.failure = Unavailable("down")
    assert edge.run().headers["retry-after"] == "1"


def test_a_refusal_that_knows_its_end_says_so_in_whole_seconds(edge: EdgeUnderTest) -> None:
    edge.game.failure = Refused("wait", code="too_many_refusals", extra={"retryAfterMs": 1500})
    answer = edge.run()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


def test_extra_members_never_replace_the_standard_ones(edge: EdgeUnderTest) -> None:
    edge.game.failure = Refused("no", code="no_energy", extra={"status": 200, "code": "fine"})
    answer = edge.run().json()
    assert (answer["status"], answer["code"]) == (409, "no_energy")


def test_an_odd_path_is_escaped_in_the_instance(edge: EdgeUnderTest) -> None:
    assert edge.call("GET", "/api/%22%3Cb%3E%00").json()["instance"] == "/api/%22%3Cb%3E%00"


def test_a_function_that_is_not_ready_answers_503_without_detail(edge: EdgeUnderTest) -> None:
    edge.not_ready = InvariantBroken("METRICS_TOKEN is missing", code="PROD_READINESS_FAILED")
    answer = edge.call("GET", "/api/battle/modes")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "METRICS_TOKEN" not in answer.text


def test_a_function_whose_secrets_are_out_of_reach_is_unavailable_and_recovers(edge: EdgeUnderTest) -> None:
    edge.not_ready = Unavailable("ssm", code="secrets_unavailable")
    assert edge.call("GET", "/api/battle/modes").json()["code"] == "secrets_unavailable"
    edge.not_ready = None
    assert edge.call("GET", "/api/battle/modes").status_code == 200


def _constant(node: ast.expr | None) -> list[str]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _codes_of(tree: ast.Module) -> set[str]:
    """Texts passed as the code of Refused, of Declined, or of a helper of the module that has a `code`."""
    position = {"Declined": 1}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            if "code" in names:
                position[node.name] = names.index("code")
    codes: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in position and len(node.args) > position[name]:
                codes.update(_constant(node.args[position[name]]))
            if name == "Refused" or name in position:
                codes.update(c for k in node.keywords if k.arg == "code" for c in _constant(k.value))
    return codes


def test_every_code_the_source_refuses_with_has_a_status() -> None:
    used = {code: str(path) for path in SOURCES for code in _codes_of(ast.parse(path.read_text()))}
    assert len(used) > 40
    assert {code: path for code, path in used.items() if code not in STATUS_OF_CODE} == {}
