"""What the edge reads as a body, and in which order a request is judged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.edge.json_body import BODY_BYTES_MAX, DEPTH_MAX, parse_json
from shared.domain.errors import Refused
from tests.functions.edge_app import EdgeUnderTest

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{} {}",
        b'{"brokerId":NaN}',
        b'{"brokerId":Infinity}',
        b'{"brokerId":1e999}',
        b'{"brokerId":"a","brokerId":"b"}',
        b'{"note":{"x":1,"x":1}}',
        b'{"brokerId":"\\ud800"}',
        b'{"\\ud800":1}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b"\xff",
        b'{"brokerId":' + b"9" * 5000 + b"}",
        b"'x'",
    ],
)
def test_json_that_two_parsers_could_read_differently_is_malformed(edge: EdgeUnderTest, body: bytes) -> None:
    answer = edge.run(content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 500, 30_000])
def test_depth_is_bounded_without_harm(edge: EdgeUnderTest, depth: int) -> None:
    answer = edge.run(content=b"[" * depth + b"]" * depth)
    assert (answer.status_code, answer.json()["code"]) == (400, "json_too_deep")


def test_the_deepest_allowed_body_is_parsed() -> None:
    assert parse_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)


@given(st.binary(max_size=60))
def test_the_parser_raises_nothing_but_refusals(body: bytes) -> None:
    try:
        value = parse_json(body)
    except Refused:
        return
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_413(edge: EdgeUnderTest) -> None:
    shell = len(b'{"brokerId":"b1","note":""}')
    largest = json.dumps({"brokerId": "b1", "note": "x" * (BODY_BYTES_MAX - shell)}, separators=(",", ":"))
    assert edge.run(content=largest.encode()).status_code == 200
    answer = edge.run(content=largest.encode() + b" ")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_large_body_without_content_length_is_413_too(edge: EdgeUnderTest) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    answer = asyncio.get_event_loop().run_until_complete(
        edge.send("POST", "/api/battle/run", content=chunks(), headers={**edge.bearer(), **JSON})
    )
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/xml",
    ],
)
def test_another_media_type_is_415(edge: EdgeUnderTest, media_type: str) -> None:
    answer = edge.run(headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_json_may_name_its_charset(edge: EdgeUnderTest, media_type: str) -> None:
    assert edge.run(headers={"content-type": media_type}).status_code == 200


def test_invalid_fields_are_listed_with_place_and_path_and_never_repeated(edge: EdgeUnderTest) -> None:
    answer = edge.run({"amount": "-1", "note": 5, "secretWish": "hunter2"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    found = {(entry["in"], entry["field"], entry["code"]) for entry in answer.json()["errors"]}
    assert found == {
        ("body", "brokerId", "missing"),
        ("body", "amount", "string_pattern_mismatch"),
        ("body", "note", "string_type"),
        ("body", "secretWish", "unknown_field"),
    }
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"7"])
def test_a_body_that_is_no_object_is_an_invalid_request(edge: EdgeUnderTest, body: bytes) -> None:
    answer = edge.run(content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("query", ["?surprise=1", "?limit=1&limit=2"])
def test_unknown_or_repeated_query_parameters_are_refused(edge: EdgeUnderTest, query: str) -> None:
    answer = edge.call("GET", "/api/claims" + query, headers=edge.bearer())
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")


def test_thousands_of_unknown_fields_are_answered_with_the_first_twenty(edge: EdgeUnderTest) -> None:
    names = [f"x{number}" for number in range(5_000)]
    for answer in (
        edge.call("GET", f"/api/battle/modes?{'&'.join(names)[:8_000]}"),
        edge.run(content=json.dumps(dict.fromkeys(names, 0)).encode()),
    ):
        assert (answer.status_code, len(answer.json()["errors"])) == (400, 20)
        assert len(answer.content) < 4_000


def test_a_wrong_query_value_names_the_parameter(edge: EdgeUnderTest) -> None:
    answer = edge.call("GET", "/api/claims?limit=many", headers=edge.bearer())
    assert answer.json()["errors"][0]["field"] == "limit"
    assert answer.json()["errors"][0]["in"] == "query"


def test_a_route_without_a_body_reads_none(edge: EdgeUnderTest) -> None:
    answer = edge.call("POST", "/api/claims", json={"amount": "1"}, headers=edge.bearer())
    assert (answer.status_code, answer.json()["code"]) == (400, "unexpected_body")


def test_who_asks_is_judged_before_the_body(edge: EdgeUnderTest) -> None:
    answer = edge.run(content=b"{", headers={"authorization": "Bearer x"})
    assert answer.status_code == 401
    assert edge.limiter.checked == []


def test_how_often_is_judged_before_the_body(edge: EdgeUnderTest) -> None:
    edge.overrides["player"] = 1
    assert edge.run(content=b"{").status_code == 400
    assert edge.run(content=b"{").status_code == 429


@pytest.mark.parametrize(
    ("headers", "limit", "status"), [({"authorization": "Bearer x"}, 120, 401), ({}, 1, 429)]
)
def test_a_body_is_not_even_read_for_a_stranger_or_beyond_the_limit(
    edge: EdgeUnderTest, headers: dict[str, str], limit: int, status: int
) -> None:
    read: list[bytes] = []

    async def chunks() -> AsyncIterator[bytes]:
        read.append(b"[" * 1024)
        yield read[-1]

    edge.overrides["player"] = limit
    edge.run()
    answer = asyncio.get_event_loop().run_until_complete(
        edge.send("POST", "/api/battle/run", content=chunks(), headers={**JSON, **edge.bearer(), **headers})
    )
    assert (answer.status_code, read) == (status, [])
