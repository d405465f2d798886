"""The entry of functions without HTTP: readiness at cold start, one log line per event, errors as values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from functions.edge.environment_start import prepare
from functions.edge.request_log import service_logger, trace_field
from shared.domain.errors import InvariantBroken, Refused, Unavailable

Work = Callable[[Mapping[str, Any]], dict[str, Any]]
About = Callable[[Mapping[str, Any]], Mapping[str, str]]
"""Pseudonyms from an event for its log line: what finds it again beside the request that caused it."""
Measure = Callable[[str, Mapping[str, Any] | None], None]
"""Told how an event ended: "ok" or an error's code, and what was answered if it was no error."""


def measure_nothing(outcome: str, answer: Mapping[str, Any] | None) -> None:
    """For functions that measure their own work."""


def about_nothing(event: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG001 - nothing is told
    """For functions whose events say nothing."""
    return {}


def private_handler(
    name: str,
    work: Work,
    *,
    wiring: Callable[[], object],
    forget: Callable[[], None],
    measure: Measure = measure_nothing,
    about: About = about_nothing,
) -> Callable[[Any, Any], dict[str, Any]]:
    """A Lambda handler around `work`.

    Refused and Unavailable are answered as {"error": {code, isRetryable}}: the caller decides. A
    broken invariant is raised, so that the platform counts an error and the alarm fires. What an
    event holds is never logged, only how it ended and the pseudonyms that `about` makes of it.
    """
    prepare(wiring, forget=forget)
    events = count()

    def handler(event: Any, context: Any) -> dict[str, Any]:
        started_s = time.perf_counter()
        is_cold = next(events) == 0
        told = event if isinstance(event, Mapping) else {}
        outcome = "ok"
        answer: dict[str, Any] | None = None
        try:
            answer = work(told)
        except (Refused, Unavailable) as error:
            outcome = error.code
            return {"error": {"code": error.code, "isRetryable": isinstance(error, Unavailable)}}
        except InvariantBroken as error:
            outcome = error.code
            service_logger(name).exception("invariant broken")
            raise
        else:
            return answer
        finally:
            fields = {
                "request_id": getattr(context, "aws_request_id", ""),
                "outcome": outcome,
                "duration_ms": round((time.perf_counter() - started_s) * 1000, 1),
                "cold_start": is_cold,
                **trace_field(),
                **about(told),
            }
            service_logger(name).info("event", extra=fields)
            measure(outcome, answer)

    return handler
