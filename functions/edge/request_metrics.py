"""What one HTTP request says to whoever watches: counted for every request, zeros too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.edge.metrics import emit, emit_split
from shared.domain import metrics_catalogue as catalogue

if TYPE_CHECKING:
    from functions.edge.exchange import Exchange
    from shared.domain.metrics_catalogue import Metric

BATTLE_ROUTE: Final = "/api/battle/run"
READINESS_ROUTE: Final = "/health/ready"
LOGIN_ROUTE: Final = "/api/admin/login"
LOCKED_OUT: Final = frozenset({"login_locked", "rate_limited"})
DATABASE_CODE: Final = "database_unavailable"
_WHOLE: Final = 100


def measure_request(name: str, exchange: Exchange, *, method: str, status: int, duration_ms: float) -> None:
    """Emit the request's metrics; `name` is the function's."""
    is_error = status >= 500
    values: dict[Metric, float] = {
        catalogue.REQUESTS: 1,
        catalogue.REQUEST_DURATION: round(duration_ms, 1),
        catalogue.SERVER_ERRORS: _WHOLE * is_error,
        catalogue.RATE_LIMITED: int(status == 429),
        catalogue.LIMITER_FALLBACK: int(exchange.is_limiter_down),
        catalogue.DATABASE_UNAVAILABLE: int(exchange.outcome == DATABASE_CODE),
        catalogue.NOT_READY: int(exchange.outcome == "not_ready"),
    }
    if name == "admin":
        is_login = exchange.route == LOGIN_ROUTE
        values[catalogue.ADMIN_LOCKOUTS] = int(is_login and exchange.outcome in LOCKED_OUT)
    if exchange.route == READINESS_ROUTE:
        values[catalogue.READINESS_FAILED] = int(is_error)
    if exchange.route == BATTLE_ROUTE and method == "POST":
        values[catalogue.BATTLES] = int(status < 300)
        values[catalogue.BATTLE_ERRORS] = _WHOLE * is_error
    emit(values)
    if exchange.outcome != "ok":
        emit_split(catalogue.REFUSALS, {exchange.outcome: 1})
