"""docs/api.md: every route with one example and every refusal with what to do, printed from the API document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from functions.edge.refusal_codes import STATUS_OF_CODE
from infra.ops.openapi.examples import example_of
from infra.ops.openapi.refusal_advice import ADVICE

FILE: Final = Path(__file__).resolve().parents[3] / "docs/api.md"
_FUNCTIONS: Final[Mapping[str, str]] = {
    "economy": "Players: sessions, economy, referrals, wallet",
    "battle": "Players: battles, brokers, boards",
    "claim": "Players: claims",
    "health": "Operators: health and metrics",
    "admin": "Administrators",
}
_HEAD: Final = """\
# The HTTP API

Made by `./arena openapi` from `infra/openapi.json`, the exact document with every field, and from the functions'
table of refusals. Examples show required fields alone; `…` stands for longer values. What administrators may do:
[admin.md](admin.md).

## What holds everywhere

- **JSON**, camelCase. Amounts are decimal strings of whole units, times ISO 8601 in UTC. A field that is not
  documented is refused.
- **Who asks.** `POST /api/session` alone takes Telegram's initData (`Authorization: tma <initData>`); it answers a token
  for an hour. All other player routes take `Authorization: Bearer <token>`. Administrators have their own tokens.
- **Idempotency.** Where the example shows `Idempotency-Key`, send a new key per intended action and the same key when
  repeating it: the answer is then the same again, with `Idempotent-Replayed: true`, also when it was a refusal (a 409
  is final for its key). `POST /api/claims` repeats the claim's current state instead.
- **Refusals** are `application/problem+json` (RFC 9457) with a stable `code` and the `requestId` to quote to support.
- **Limits.** `RateLimit-Policy` and `RateLimit` on every answer, `Retry-After` with 429.
- **Pages.** `?limit=&cursor=`; pass `nextCursor` back as it is until there is none.
- **503** (`database_unavailable`, `limiter_unavailable`, `not_ready` and others): nothing happened or it is not known;
  repeat the same request with the same key after `Retry-After`, or after a second, with growing pauses.
  **500**: our fault; repeat once with the same key, then show the `requestId`.
"""
_REFUSALS: Final = """
## Every refusal

| code | status | what the client does |
| --- | --- | --- |
"""


def render(document: Mapping[str, Any]) -> str:
    """The whole file for a merged API document."""
    parts = [_HEAD]
    for function, title in _FUNCTIONS.items():
        parts.append(f"\n## {title}\n")
        parts.extend(_operations(document, function))
    parts.append(_REFUSALS)
    parts.extend(f"| `{code}` | {status} | {ADVICE[code]} |\n" for code, status in STATUS_OF_CODE.items())
    return "".join(parts)


def request_of(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """The example body an operation is sent, or None where it takes none."""
    body = operation.get("requestBody")
    return None if body is None else example_of(body["content"]["application/json"]["schema"], schemas)


def answer_of(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[str, Any]:
    """(status, example) of the good answer; the example is None where it is no JSON or there is none."""
    status = min(operation["responses"])
    content = operation["responses"][status].get("content", {}).get("application/json")
    return status, None if content is None else example_of(content.get("schema", {}), schemas)


def _operations(document: Mapping[str, Any], function: str) -> Iterator[str]:
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if function in operation["tags"]:
                yield _operation(method.upper(), path, operation, schemas)


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    asked, body = _asked(path, operation, schemas), request_of(operation, schemas)
    status, answer = answer_of(operation, schemas)
    what = " ".join(str(operation.get("description") or operation.get("summary", "")).split())
    lines = [f"{method} {asked}", *_headers(operation)]
    lines += [_compact(body)] if body is not None else []
    lines += ["", f"{status}" + (f" {_compact(answer)}" if answer is not None else _kind(operation, status))]
    return f"\n### `{method} {path}`\n\n{what}\n\n```http\n" + "\n".join(lines) + "\n```\n"


def _headers(operation: Mapping[str, Any]) -> Iterator[str]:
    schemes = {name for each in operation.get("security", ()) for name in each}
    if schemes:
        yield (
            "Authorization: tma <initData>"
            if "telegramInitData" in schemes
            else "Authorization: Bearer <token>"
        )
    names = {
        parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"
    }
    if "idempotency-key" in {name.lower() for name in names}:
        yield "Idempotency-Key: 8d0f0c1e-4b8e"
    if "if-match" in {name.lower() for name in names}:
        yield 'If-Match: "7"'


def _asked(path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The path with its required query parameters."""
    query = [
        f"{parameter['name']}={example_of(parameter['schema'], schemas, name=parameter['name'])}"
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter.get("required")
    ]
    return path + ("?" + "&".join(query) if query else "")


def _kind(operation: Mapping[str, Any], status: str) -> str:
    kinds = list(operation["responses"][status].get("content", {}))
    return f" ({kinds[0]})" if kinds else ""


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_handbook(document: Mapping[str, Any]) -> str:
    """Write docs/api.md; what was written, in a sentence."""
    FILE.write_text(render(document))
    return f"docs/api.md: {len(STATUS_OF_CODE)} refusals"
