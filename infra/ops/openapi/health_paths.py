"""The health function's part of the document, by hand: it is plain ASGI and generates none."""

from __future__ import annotations

from typing import Any, Final

from functions.edge.problems import problem_response


def _object(required: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required,
        "required": list(required),
        "additionalProperties": False,
    }


_DEPENDENCY: Final = _object(
    {
        "name": {"type": "string"},
        "status": {"type": "string"},
        "durationMs": {"type": "number"},
    }
)
_READINESS: Final = _object(
    {
        "status": {"enum": ["ready", "not_ready"]},
        "dependencies": {"type": "array", "items": _DEPENDENCY},
    }
)


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_BROKEN: Final = {
    "500": problem_response(500, codes=["internal"]),
    "503": problem_response(503, codes=["unavailable", "not_ready"]),
}

SECURITY_SCHEMES: Final[dict[str, Any]] = {
    "metricsToken": {"type": "http", "scheme": "bearer", "description": "The setting METRICS_TOKEN"}
}
PATHS: Final[dict[str, Any]] = {
    "/health": {
        "get": {
            "operationId": "getHealth",
            "summary": "The process serves; no dependency is touched",
            "responses": {"200": _json("Alive", _object({"status": {"const": "ok"}})), **_BROKEN},
        }
    },
    "/health/ready": {
        "get": {
            "operationId": "getReadiness",
            "summary": "Each dependency within its own time limit: names, never values",
            "responses": {
                "200": _json("Ready", _READINESS),
                "500": _BROKEN["500"],
                "503": {
                    "description": "A dependency that matters does not answer, or `not_ready`, `unavailable`",
                    "content": {
                        "application/json": {"schema": _READINESS},
                        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
                    },
                },
            },
        }
    },
    "/metrics": {
        "get": {
            "operationId": "getMetrics",
            "summary": "The backend's numbers as Prometheus text",
            "security": [{"metricsToken": []}],
            "responses": {
                "200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}},
                "401": problem_response(401, codes=["token_invalid"]),
                **_BROKEN,
            },
        }
    },
}
