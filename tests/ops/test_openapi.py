"""The committed API document is what the functions serve, and says what clients rely on."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from infra.local.routes import RouteTable
from infra.local.serverless_file import read_service
from infra.ops.openapi.links import LINKS, with_links
from infra.ops.openapi.merged import FILE, merged_document
from infra.ops.preflight.stage import PROJECT

DOCUMENT: dict[str, Any] = merged_document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def test_the_committed_document_is_the_functions_own() -> None:
    assert json.loads(FILE.read_text()) == DOCUMENT, "run ./arena openapi"


@pytest.mark.parametrize("key", OPERATIONS)
def test_the_gateway_sends_every_documented_path_to_the_function_that_documents_it(key: str) -> None:
    method, path = key.split(" ")
    found = RouteTable(read_service(PROJECT / "serverless.yml", stage="dev")).match(
        method, re.sub(r"\{[^}]*\}", "x", path)
    )
    assert found is not None
    assert [found.route.function] == OPERATIONS[key]["tags"]


def test_every_refusal_is_problem_json() -> None:
    wrong = [
        (key, status)
        for key, operation in OPERATIONS.items()
        for status, response in operation["responses"].items()
        if status >= "400" and "application/problem+json" not in response["content"]
    ]
    assert wrong == []


def test_every_reference_leads_somewhere() -> None:
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert names <= set(DOCUMENT["components"]["schemas"])


def test_every_request_body_refuses_what_it_does_not_know() -> None:
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
        for operation in OPERATIONS.values()
        if "requestBody" in operation
    }
    open_ones = [
        name
        for name in bodies
        if DOCUMENT["components"]["schemas"][name].get("additionalProperties") is not False
    ]
    assert open_ones == []


def test_a_link_to_an_operation_that_is_gone_is_noticed() -> None:
    operations = {operation["operationId"]: operation for operation in OPERATIONS.values()}
    del operations[LINKS[0].next_operation]
    with pytest.raises(KeyError):
        with_links(operations)
