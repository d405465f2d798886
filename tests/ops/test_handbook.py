"""docs/api.md is the API document in readable form: every route, every refusal, examples that are allowed."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from functions.edge.refusal_codes import STATUS_OF_CODE
from infra.ops.openapi.handbook import FILE, answer_of, render, request_of
from infra.ops.openapi.merged import merged_document
from infra.ops.openapi.refusal_advice import ADVICE

DOCUMENT: dict[str, Any] = merged_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def must_fit(example: object, content: dict[str, Any]) -> None:
    schema = {**content["application/json"]["schema"], "components": {"schemas": SCHEMAS}}
    jsonschema_rs.validator_for(schema).validate(json.loads(json.dumps(example)))


def test_the_committed_handbook_is_the_document_printed() -> None:
    assert FILE.read_text() == render(DOCUMENT), "run ./arena openapi"


def test_every_refusal_code_says_what_to_do_and_no_other_does() -> None:
    assert set(ADVICE) == set(STATUS_OF_CODE)


@pytest.mark.parametrize("code", STATUS_OF_CODE)
def test_a_refusal_has_its_row_with_its_status(code: str) -> None:
    rows = [line for line in FILE.read_text().splitlines() if line.startswith(f"| `{code}` |")]
    assert [row.split("|")[2].strip() for row in rows] == [str(STATUS_OF_CODE[code])]


def test_every_route_stands_in_it_once() -> None:
    headings = [line for line in FILE.read_text().splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(f"### `{key}`" for key in OPERATIONS)


@pytest.mark.parametrize("key", [key for key in OPERATIONS if "requestBody" in OPERATIONS[key]])
def test_an_example_request_is_one_the_route_takes(key: str) -> None:
    must_fit(request_of(OPERATIONS[key], SCHEMAS), OPERATIONS[key]["requestBody"]["content"])


@pytest.mark.parametrize("key", OPERATIONS)
def test_an_example_answer_is_one_the_route_gives(key: str) -> None:
    status, answer = answer_of(OPERATIONS[key], SCHEMAS)
    if answer is not None:
        must_fit(answer, OPERATIONS[key]["responses"][status]["content"])
