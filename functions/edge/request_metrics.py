"""What one HTTP request says to whoever watches: counted for every request, zeros too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.edge.metrics import WHOLE, emit, emit_split, error_percent
from shared.domain import metrics_catalogue as catalogue

if TYPE_CHECKING:
    from functions.edge.exchange import Exchange
    from shared.domain.metrics_catalogue import Metric

BATTLE_ROUTE: Final = "/api/battle/run"
READINESS_ROUTE: Final = "/health/ready"
LOGIN_ROUTE: Final = "/api/admin/login"
DATABASE_CODE: Final = "database_unavailable"


def measure_request(name: str, exchange: Exchange, *, method: str, status: int, duration_ms: float) -> None:
    """Emit the request's metrics; `name` is the function's."""
    is_error = status >= 500
    is_probe = exchange.route == READINESS_ROUTE
    values: dict[Metric, float] = {
        catalogue.REQUESTS: 1,
        catalogue.REQUEST_DURATION: round(duration_ms, 1),
        catalogue.SERVER_ERRORS: WHOLE * is_error,
        catalogue.RATE_LIMITED: int(status == 429),
        catalogue.LIMITER_FALLBACK: int(exchange.is_limiter_down),
        catalogue.DATABASE_UNAVAILABLE: int(exchange.outcome == DATABASE_CODE),
        # The probe's own no is about a dependency; this is about a function that may not run at all.
        catalogue.NOT_READY: int(exchange.outcome == "not_ready" and not is_probe),
    }
    if name == "admin":
        # Not the 429 of the limits before it: one stranger reaches those with five requests.
        is_locked_out = exchange.route == LOGIN_ROUTE and exchange.outcome == "login_locked"
        values[catalogue.ADMIN_LOCKOUTS] = int(is_locked_out)
    if is_probe:
        values[catalogue.READINESS_FAILED] = int(is_error)
        values[catalogue.LIMITER_DOWN] = int(exchange.is_limiter_down)
    if exchange.route == BATTLE_ROUTE and method == "POST":
        values[catalogue.BATTLES] = int(status < 300)
        values[catalogue.BATTLE_ERRORS] = WHOLE * is_error
    asked = exchange.take_provider_outcomes()
    if asked:
        values[catalogue.PROVIDER_ERRORS] = error_percent(asked)
    emit(values)
    if exchange.new_claim_state:
        emit_split(catalogue.CLAIMS_REQUESTED, {exchange.new_claim_state: 1})
    if exchange.outcome != "ok":
        emit_split(catalogue.REFUSALS, {exchange.outcome: 1})
