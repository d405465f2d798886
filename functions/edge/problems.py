"""How a no is said: problem+json (RFC 9457), and the one table from a code to its HTTP status.

`type` is a tag URI (RFC 4151) that ends in the code: an identifier, not an address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from functions.edge.refusal_codes import STATUS_OF_CODE
from functions.edge.replies import Reply, json_reply
from shared.domain.errors import ArenaError, InvariantBroken, Refused, Unavailable

if TYPE_CHECKING:
    from functions.edge.exchange import Exchange

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "tag:aiba-arena,2026:"
UNLISTED_REFUSAL_STATUS: Final = 409
RETRY_AFTER_UNAVAILABLE_S: Final = 1
REPLAYED_HEADER: Final = "idempotent-replayed"
ERRORS_MAX: Final = 20
"""Fields that one problem lists: a short request with thousands of them is answered no longer than this."""

TITLES: Final[Mapping[int, str]] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    428: "Precondition Required",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_DETAIL_OF_5XX: Final[Mapping[int, str]] = {
    500: "Something broke on our side; the request id names it",
    503: "Not available at the moment; the same request may be sent again",
}


def status_of(error: BaseException) -> int:
    """The HTTP status of a family; within Refused, of the code."""
    if isinstance(error, Refused):
        return STATUS_OF_CODE.get(error.code, UNLISTED_REFUSAL_STATUS)
    return 503 if isinstance(error, Unavailable) else 500


def refusal_of(exchange: Exchange, error: BaseException) -> Reply:
    """The reply to an error, noted in the exchange; a 5xx never says why, the log does.

    Unknown exceptions are treated as InvariantBroken. `isReplay` in a refusal's extra (a recorded
    refusal, answered again) becomes the Idempotent-Replayed header.
    """
    if not isinstance(error, ArenaError):
        error = _as_invariant(error)
    status = status_of(error)
    exchange.cause = error
    extra = dict(error.extra)
    headers = _headers(error, status=status, extra=extra)
    if extra.pop("isReplay", False):
        exchange.reply_headers[REPLAYED_HEADER] = "true"
    detail = _DETAIL_OF_5XX.get(status, error.detail)
    return problem(
        exchange,
        status,
        code=error.code,
        detail=detail,
        extra={} if status >= 500 else extra,
        headers=headers,
    )


def problem(
    exchange: Exchange,
    status: int,
    *,
    code: str,
    detail: str,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One problem document; `extra` helps the client go on and never replaces a standard member."""
    exchange.outcome = code
    document = {
        **(extra or {}),
        "type": TYPE_PREFIX + code,
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "instance": quote(exchange.path, errors="replace"),
        "code": code,
        "requestId": exchange.request_id,
    }
    return json_reply(status, document, media_type=MEDIA_TYPE, headers=headers)


def _as_invariant(error: BaseException) -> InvariantBroken:
    broken = InvariantBroken("an exception outside the three families reached the edge")
    broken.__cause__ = error
    return broken


def _headers(error: ArenaError, *, status: int, extra: Mapping[str, Any]) -> dict[str, str]:
    """Retry-After (RFC 9110, whole seconds) where waiting helps, WWW-Authenticate on a 401."""
    if status == 401:
        scheme = "tma" if error.code.startswith("init_data_") else "Bearer"
        return {"www-authenticate": f'{scheme} realm="arena"'}
    if "retryAfterMs" in extra:
        return {"retry-after": str(-(-int(extra["retryAfterMs"]) // 1000))}
    if status == 503:
        return {"retry-after": str(RETRY_AFTER_UNAVAILABLE_S)}
    return {}


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """A route's own refusals for the OpenAPI document: `responses=refusals("no_energy", ...)`.

    What every route may answer (400, 401, 413, 415, 429, 500, 503) is added by itself.
    """
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS_OF_CODE[code], []).append(code)
    return {status: problem_response(status, codes=by_status[status]) for status in sorted(by_status)}


def problem_response(status: int, *, codes: Sequence[str]) -> dict[str, Any]:
    """The OpenAPI response object of one status, naming its codes."""
    words = ", ".join(f"`{code}`" for code in codes)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": f"{TITLES[status]}: {words}", "content": {MEDIA_TYPE: {"schema": schema}}}
