"""What one scheduled run says to whoever watches: every metric of the run each time, zeros too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from functions.edge.metrics import emit, emit_split
from shared.domain import metrics_catalogue as catalogue

if TYPE_CHECKING:
    from shared.domain.metrics_catalogue import Metric

Reports = Sequence[tuple[str, Mapping[str, Any]]]

_COUNTED: Final[Mapping[Metric, frozenset[str]]] = {
    catalogue.SEQNO_ANOMALIES: frozenset({"last_seqno_anomaly", "last_seqno_fell"}),
    catalogue.UNDELIVERED: frozenset({"claim_undelivered"}),
    catalogue.UNKNOWN_OUTFLOW: frozenset({"vault_unknown_outflow"}),
    catalogue.VAULT_TON_LOW: frozenset({"vault_ton_low"}),
    catalogue.VAULT_SHORT: frozenset({"vault_inventory_short"}),
    catalogue.VAULT_RECIPIENTS_HIGH: frozenset({"vault_recipients_high"}),
    catalogue.PROVIDER_DISAGREEMENTS: frozenset({"provider_disagreement"}),
    catalogue.LEDGER_VIOLATIONS: frozenset({"ledger_violation"}),
    catalogue.IMPOSSIBLE_SCORES: frozenset({"impossible_score"}),
}
"""Which reports of the services count as what."""
_OUTCOMES: Final = ("confirmed", "refunded", "waiting", "undecided", "anomalies", "broken", "postponed")
_DATABASE_CODE: Final = "database_unavailable"
_WHOLE: Final = 100


def measure_run(
    *,
    tallies: Mapping[str, Any],
    failures: Mapping[str, str],
    reports: Reports,
    providers: Mapping[str, Mapping[str, int]],
    duration_s: float,
) -> None:
    """Emit the run's metrics: `tallies` and `failures` (an error's code) by task, `providers` by name."""
    names = Counter(name for name, _ in reports)
    values: dict[Metric, float] = {
        catalogue.SETTLE_RUNS: 1,
        catalogue.SETTLE_DURATION: round(duration_s, 3),
        catalogue.TASKS_FAILED: len(failures),
        catalogue.DATABASE_UNAVAILABLE: sum(code == _DATABASE_CODE for code in failures.values()),
        catalogue.OLDEST_OPEN_CLAIM: tallies.get("claims", {}).get("oldest_open_ms", 0) / 1000,
        catalogue.PROJECTION_LAG: tallies.get("janitor", {}).get("lag_ms", 0),
        catalogue.BOARDS_LAG: 0,
        catalogue.BUDGET_LEAK: tallies.get("audit", {}).get("leak_per_million", 0),
        catalogue.PROVIDER_ERRORS: _error_percent(providers),
        catalogue.VAULT_RULES: len(tallies.get("vault", {}).get("broken", ())),
        **{metric: sum(names[name] for name in counted) for metric, counted in _COUNTED.items()},
    }
    for name, facts in reports:
        if name == "vault":
            values[catalogue.VAULT_JETTONS] = facts["jetton_units"]
            values[catalogue.VAULT_OWED] = facts["open_units"]
        if name == "boards":
            values[catalogue.BOARDS_LAG] = facts["behind_ms"]
    emit(values)
    claims = tallies.get("claims", {})
    emit_split(catalogue.CLAIMS, {outcome: claims[outcome] for outcome in _OUTCOMES if claims.get(outcome)})
    emit_split(catalogue.EMITTED, tallies.get("emission", {}).get("drawn", {}))


def _error_percent(providers: Mapping[str, Mapping[str, int]]) -> float:
    """The worst provider's share of failed calls: a good second one must not hide it."""
    shares = [
        _WHOLE * counts["errors"] / (counts["ok"] + counts["errors"])
        for counts in providers.values()
        if counts["ok"] + counts["errors"]
    ]
    return round(max(shares, default=0.0), 1)
