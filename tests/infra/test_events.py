"""HTTP becomes payload 2.0 and back without losing or inventing anything."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from infra.local.events import http_response, request_event
from infra.local.http1 import Request
from infra.local.routes import Match, Route

MATCH = Match(Route("ANY /api/{proxy+}", "f"), {"proxy": "a b"})
REQUEST_ID = "01234567-89ab-4cde-8f01-23456789abcd"


def _event(
    *headers: tuple[str, str], target: str = "/api/a%20b", method: str = "POST", body: bytes = b""
) -> Any:
    request = Request(method, target, "HTTP/1.1", (("host", "h:1"), *headers), body, "127.0.0.9")
    return request_event(request, MATCH, request_id=REQUEST_ID, now_ms=1_583_348_638_390, port=1)


def test_the_path_arrives_decoded_and_the_query_raw() -> None:
    event = _event(target="/api/a%20b?x=1%202&x=3&y=")
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("/api/a b", "/api/a b")
    assert event["rawQueryString"] == "x=1%202&x=3&y="
    assert event["queryStringParameters"] == {"x": "1 2,3", "y": ""}
    assert event["pathParameters"] == {"proxy": "a b"}


def test_repeated_headers_are_joined_and_cookies_set_apart() -> None:
    event = _event(("accept", "a"), ("accept", "b"), ("cookie", "k=1; l=2"), ("cookie", "m=3"))
    assert event["headers"]["accept"] == "a,b"
    assert event["cookies"] == ["k=1", "l=2", "m=3"]
    assert "cookie" not in event["headers"]


def test_a_client_cannot_choose_its_own_address() -> None:
    event = _event(("x-forwarded-for", "6.6.6.6"))
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.9"
    assert event["headers"]["x-forwarded-for"] == "6.6.6.6, 127.0.0.9"


@pytest.mark.parametrize(
    ("content_type", "body", "is_base64"),
    [
        ("application/json; charset=utf-8", '{"a":"é"}'.encode(), False),
        ("text/plain", b"x", False),
        ("application/octet-stream", b"\x00\xff", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/json", b"\xff\xfe", True),
    ],
)
def test_a_body_reaches_the_function_byte_for_byte(content_type: str, body: bytes, is_base64: bool) -> None:
    event = _event(("content-type", content_type), body=body)
    assert event["isBase64Encoded"] is is_base64
    text = event["body"]
    assert (base64.b64decode(text) if is_base64 else text.encode()) == body


def test_no_body_is_no_body_key() -> None:
    assert "body" not in _event()


def test_the_event_carries_the_stacks_time() -> None:
    context = _event()["requestContext"]
    assert (context["timeEpoch"], context["time"]) == (1_583_348_638_390, "04/Mar/2020:19:03:58 +0000")


def _answer(result: object) -> Any:
    return http_response(json.dumps(result).encode(), request_id=REQUEST_ID)


def test_a_full_result_becomes_the_response_it_describes() -> None:
    result = {
        "statusCode": 409,
        "headers": {"Content-Type": "application/problem+json", "X-N": 7, "Connection": "close"},
        "cookies": ["a=1", "b=2"],
        "body": "{}",
    }
    answer = _answer(result)
    assert (answer.status, answer.body) == (409, b"{}")
    assert answer.headers == (
        ("content-type", "application/problem+json"),
        ("x-n", "7"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("apigw-requestid", REQUEST_ID),
    )


def test_a_base64_result_is_decoded() -> None:
    body = base64.b64encode(b"\x00\xff").decode()
    assert _answer({"statusCode": 200, "body": body, "isBase64Encoded": True}).body == b"\x00\xff"


def test_a_result_without_a_status_is_the_body_of_a_200() -> None:
    answer = _answer({"a": 1})
    assert (answer.status, json.loads(answer.body)) == (200, {"a": 1})


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "body": 7},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}},
        {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
    ],
)
def test_a_result_the_gateway_cannot_use_is_its_500(result: object) -> None:
    answer = _answer(result)
    assert (answer.status, answer.body) == (500, b'{"message":"Internal Server Error"}')
