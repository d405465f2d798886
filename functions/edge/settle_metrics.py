"""What one scheduled run says to whoever watches: every metric of the run each time, zeros too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from functions.edge.metrics import emit, emit_split, error_percent
from shared.domain import metrics_catalogue as catalogue
from shared.domain.vault_watch import WATCH_RULES

if TYPE_CHECKING:
    from shared.domain.metrics_catalogue import Metric

Reports = Sequence[tuple[str, Mapping[str, Any]]]

_COUNTED: Final[Mapping[Metric, frozenset[str]]] = {
    catalogue.SEQNO_ANOMALIES: frozenset({"last_seqno_anomaly", "last_seqno_fell"}),
    catalogue.UNDELIVERED: frozenset({"claim_undelivered"}),
    catalogue.UNKNOWN_OUTFLOW: frozenset({"vault_unknown_outflow"}),
    catalogue.PROVIDER_DISAGREEMENTS: frozenset({"provider_disagreement"}),
    catalogue.LEDGER_VIOLATIONS: frozenset({"ledger_violation"}),
    catalogue.IMPOSSIBLE_SCORES: frozenset({"impossible_score"}),
}
"""Which reports of the services count as what."""
_VAULT_STATES: Final[Mapping[Metric, frozenset[str]]] = {
    catalogue.VAULT_STOPS_CLAIMS: frozenset(rule.id for rule in WATCH_RULES if rule.stops_claims),
    catalogue.VAULT_TON_LOW: frozenset({"vault_ton_low"}),
    catalogue.VAULT_SHORT: frozenset({"vault_inventory_short"}),
    catalogue.VAULT_RECIPIENTS_HIGH: frozenset({"vault_recipients_high"}),
}
"""Which broken rules count as what; said only by a run that saw the vault, because a 0 would read as "fine"."""
_OUTCOMES: Final = ("confirmed", "refunded", "waiting", "undecided", "anomalies", "broken", "postponed")
_DATABASE_CODE: Final = "database_unavailable"


def measure_run(
    *,
    tallies: Mapping[str, Any],
    failures: Mapping[str, str],
    reports: Reports,
    providers: Mapping[str, Mapping[str, int]],
    duration_s: float,
) -> None:
    """Emit the run's metrics: `tallies` and `failures` (an error's code) by task, `providers` by name.

    Of several providers the worst counts: a good second one must not hide it.
    """
    names = Counter(name for name, _ in reports)
    claims = _claims_tally(tallies, reports)
    values: dict[Metric, float] = {
        catalogue.SETTLE_RUNS: 1,
        catalogue.SETTLE_DURATION: round(duration_s, 3),
        catalogue.TASKS_FAILED: len(failures),
        catalogue.DATABASE_UNAVAILABLE: sum(code == _DATABASE_CODE for code in failures.values()),
        catalogue.OLDEST_OPEN_CLAIM: claims.get("oldest_open_ms", 0) / 1000,
        catalogue.PROJECTION_LAG: tallies.get("janitor", {}).get("lag_ms", 0),
        catalogue.BOARDS_LAG: 0,
        catalogue.BUDGET_LEAK: tallies.get("audit", {}).get("leak_per_million", 0),
        catalogue.PROVIDER_ERRORS: max(map(error_percent, providers.values()), default=0.0),
        catalogue.CLAIMS_PAUSED: int(tallies.get("switches", {}).get("are_claims_paused", False)),
        **_vault_values(tallies.get("vault", {}), names, is_failed="vault" in failures),
        **{metric: sum(names[name] for name in counted) for metric, counted in _COUNTED.items()},
    }
    for name, facts in reports:
        if name == "vault":
            values[catalogue.VAULT_JETTONS] = facts["jetton_units"]
            values[catalogue.VAULT_OWED] = facts["open_units"]
        if name == "boards":
            values[catalogue.BOARDS_LAG] = facts["behind_ms"]
    emit(values)
    emit_split(catalogue.CLAIMS, {outcome: claims[outcome] for outcome in _OUTCOMES if claims.get(outcome)})
    emit_split(catalogue.EMITTED, tallies.get("emission", {}).get("drawn", {}))


def _claims_tally(tallies: Mapping[str, Any], reports: Reports) -> Mapping[str, Any]:
    """What settling did: reported before a broken claim fails the task, while the oldest waits all the same."""
    reported = (asdict(facts["tally"]) for name, facts in reports if name == "settle")
    told: Mapping[str, Any] = tallies.get("claims") or next(reported, {})
    return told


def _vault_values(
    tally: Mapping[str, Any], names: Mapping[str, int], *, is_failed: bool
) -> dict[Metric, int]:
    """Whether the vault was seen, and, if it was, which of its rules do not hold."""
    is_unwatched = is_failed or tally.get("undecided", 0) > 0
    if is_unwatched and "vault" not in names:
        return {catalogue.VAULT_UNWATCHED: 1}
    broken = frozenset(tally.get("broken", ()))
    return {
        catalogue.VAULT_UNWATCHED: int(is_unwatched),
        catalogue.VAULT_RULES: len(broken),
        **{metric: len(broken & rules) for metric, rules in _VAULT_STATES.items()},
    }
