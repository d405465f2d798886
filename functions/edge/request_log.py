"""One JSON line per request, through Powertools: who (hashed), which route, how it ended, how long it took.

Bodies, queries, headers, tokens and addresses are never logged; the route is its template.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any

from shared.adapters.xray import recorded_trace

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from functions.edge.exchange import Exchange


@functools.cache
def service_logger(name: str) -> Logger:
    """The function's logger; imported at the first line, because it costs more than all of health."""
    from aws_lambda_powertools import Logger

    return Logger(service=f"arena-{name}", level="INFO", use_rfc3339=True)


def who(subject: str) -> str:
    """A pseudonym of the caller, stable across requests, that a log reader cannot turn back by reading."""
    return hashlib.sha256(f"arena-log:{subject}".encode()).hexdigest()[:16] if subject else ""


def claim_pseudonym(claim_id: str) -> str:
    """The same in every function's lines, so that a claim's request and its signing are found together."""
    return who(f"claim:{claim_id}")


def trace_field() -> dict[str, str]:
    """`trace`, where X-Ray keeps one: the line's own time then has its parts there."""
    trace = recorded_trace()
    return {} if trace is None else {"trace": trace[0]}


def log_request(
    name: str, exchange: Exchange, *, method: str, status: int, duration_ms: float, is_cold_start: bool
) -> None:
    """Write the request's line: info, or error with the cause and its trace when it is our fault."""
    fields: dict[str, Any] = {
        "request_id": exchange.request_id,
        "method": method,
        "route": exchange.route or "unmatched",
        "status": status,
        "outcome": exchange.outcome,
        "duration_ms": round(duration_ms, 1),
        "cold_start": is_cold_start,
        "who": who(exchange.subject),
        **trace_field(),
    }
    if exchange.claim_id:
        fields["claim"] = claim_pseudonym(exchange.claim_id)
    if exchange.is_limiter_down:
        fields["limiter_fallback"] = True
    logger = service_logger(name)
    if status >= 500:
        logger.error("request", exc_info=exchange.cause, extra=fields)
    else:
        logger.info("request", extra=fields)
