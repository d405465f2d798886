"""Make FastAPI's document say what the edge really answers: problems instead of its own 422."""

from __future__ import annotations

from typing import Any, Final

from functions.edge.models import Problem
from functions.edge.problems import problem_response

_FRAMEWORK_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")
_FRAMEWORK_REFERENCE: Final = "#/components/schemas/HTTPValidationError"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every operation's common refusals added and the framework's 422 removed."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for path in document.get("paths", {}).values():
        for method, operation in path.items():
            if method in _METHODS:
                _complete(operation)
    return document


def _complete(operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    if _FRAMEWORK_REFERENCE in str(responses.get("422", "")):
        del responses["422"]
    for status, codes in _common_refusals(operation).items():
        declared = responses.setdefault(str(status), problem_response(status, codes=codes))
        missing = [code for code in codes if f"`{code}`" not in declared["description"]]
        declared["description"] += "".join(f", `{code}`" for code in missing)
    operation["responses"] = dict(sorted(responses.items()))


def _common_refusals(operation: dict[str, Any]) -> dict[int, list[str]]:
    common: dict[int, list[str]] = {400: ["invalid_request", "unknown_parameter"]}
    if "security" in operation:
        is_init_data = any("telegramInitData" in scheme for scheme in operation["security"])
        common[401] = ["init_data_…"] if is_init_data else ["token_missing", "token_invalid", "token_expired"]
    parameters = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    if "idempotency-key" in parameters:
        common[400] += [
            "idempotency_key_required",
            "idempotency_key_invalid",
            "idempotency_key_contradictory",
        ]
        common[422] = ["idempotency_key_reused"]
    if "requestBody" in operation or "idempotency-key" in parameters:
        common[400] += ["malformed_json", "json_too_deep"]
        common[413] = ["body_too_large"]
        common[415] = ["unsupported_media_type"]
    common[429] = ["rate_limited"]
    common[500] = ["internal"]
    common[503] = ["unavailable", "not_ready"]
    return common
