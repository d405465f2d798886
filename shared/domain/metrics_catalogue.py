"""Every metric the backend emits: its name, its unit, what it says, and by what it is split.

Functions emit nothing that is not here; docs/monitoring.md and the alarms name nothing else. A metric
that an alarm watches is emitted on every run or request, zeros too, so that silence means silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

NAMESPACE: Final = "Arena"

Unit = Literal["Count", "Percent", "Milliseconds", "Seconds", "None"]


@dataclass(frozen=True, slots=True)
class Metric:
    """`split_by` is a dimension beside `service`, or empty; its values are a small, closed set."""

    name: str
    unit: Unit
    meaning: str
    split_by: str = ""


# Of every HTTP request.
REQUESTS: Final = Metric("Requests", "Count", "HTTP requests answered")
REQUEST_DURATION: Final = Metric("RequestDuration", "Milliseconds", "Time to answer a request")
SERVER_ERRORS: Final = Metric("ServerErrorPercent", "Percent", "0 or 100 a request: answered with 5xx")
RATE_LIMITED: Final = Metric("RateLimited", "Count", "Requests refused with 429")
LIMITER_FALLBACK: Final = Metric(
    "LimiterFallback", "Count", "Requests judged without the shared rate limiter"
)
DATABASE_UNAVAILABLE: Final = Metric(
    "DatabaseUnavailable", "Count", "Requests or tasks that the database did not answer"
)
NOT_READY: Final = Metric("NotReady", "Count", "Requests refused because the function may not run")
REFUSALS: Final = Metric("Refusals", "Count", "Requests that ended otherwise than well, by code", "code")

# Of single functions.
READINESS_FAILED: Final = Metric("ReadinessFailed", "Count", "Readiness checks that found something missing")
LIMITER_DOWN: Final = Metric(
    "LimiterDown", "Count", "1 while the readiness check finds the shared rate limiter down"
)
BATTLES: Final = Metric("Battles", "Count", "Battles played")
BATTLE_ERRORS: Final = Metric("BattleErrorPercent", "Percent", "0 or 100 a battle: answered with 5xx")
ADMIN_LOCKOUTS: Final = Metric("AdminLockouts", "Count", "Logins refused because of too many wrong ones")
CLAIMS_REQUESTED: Final = Metric(
    "ClaimsRequested", "Count", "New claims, by the state in which their request left them", "state"
)

# Of the signer.
SIGNER_DECISIONS: Final = Metric("SignerDecisions", "Count", "Decisions about claims, by rule", "rule")
SIGNER_REFUSALS: Final = Metric("SignerRefusals", "Count", "Claims the signing policy refused")
KMS_ERRORS: Final = Metric("KmsErrors", "Count", "Signatures that the key store did not give")

# Of each minute's run.
SETTLE_RUNS: Final = Metric("SettleRuns", "Count", "Scheduled runs that came to their end")
SETTLE_DURATION: Final = Metric("SettleDuration", "Seconds", "How long a run took")
TASKS_FAILED: Final = Metric("TasksFailed", "Count", "Tasks of a run that failed")
CLAIMS: Final = Metric("ClaimsSettled", "Count", "Claims a run looked at, by how that ended", "outcome")
OLDEST_OPEN_CLAIM: Final = Metric("OldestOpenClaim", "Seconds", "Age of the oldest claim that is not settled")
SEQNO_ANOMALIES: Final = Metric(
    "SeqnoAnomalies", "Count", "Times the chain showed a seqno that nobody signed"
)
UNDELIVERED: Final = Metric("UndeliveredClaims", "Count", "Claims that ran on chain and paid nobody")
UNKNOWN_OUTFLOW: Final = Metric("VaultUnknownOutflow", "Count", "Payments of the vault that nobody signed")
VAULT_RULES: Final = Metric(
    "VaultRulesBroken", "Count", "Rules about the vault that do not hold, all together"
)
VAULT_STOPS_CLAIMS: Final = Metric(
    "VaultStopsClaims", "Count", "Those of them that stop every claim by themselves"
)
VAULT_UNWATCHED: Final = Metric("VaultUnwatched", "Count", "1 when a run could not look at the whole vault")
CLAIMS_PAUSED: Final = Metric("ClaimsPaused", "Count", "1 while the game's configuration pauses claims")
VAULT_TON_LOW: Final = Metric("VaultTonLow", "Count", "1 while the vault's TON is low")
VAULT_SHORT: Final = Metric(
    "VaultInventoryShort", "Count", "1 while the vault holds less than open claims need"
)
VAULT_RECIPIENTS_HIGH: Final = Metric("VaultRecipientsHigh", "Count", "1 while the vault's map is 90 % full")
VAULT_JETTONS: Final = Metric("VaultJettonUnits", "None", "Jetton units in the vault")
VAULT_OWED: Final = Metric("OpenClaimUnits", "None", "Jetton units that open claims may still take")
PROVIDER_ERRORS: Final = Metric(
    "ProviderErrorPercent", "Percent", "Share of a run's or a claim request's calls that TON providers failed"
)
PROVIDER_DISAGREEMENTS: Final = Metric(
    "ProviderDisagreements", "Count", "Times two TON providers did not show the same"
)
LEDGER_VIOLATIONS: Final = Metric(
    "LedgerViolations", "Count", "Broken invariants of the ledger that were found"
)
BUDGET_LEAK: Final = Metric(
    "BudgetLeakPerMillion", "None", "Units of an ended budget that left it and are in no row, per million"
)
PROJECTION_LAG: Final = Metric(
    "ProjectionLag",
    "Milliseconds",
    "Age of the oldest row that its player did not show yet, or that the janitor had no time to look at",
)
BOARDS_LAG: Final = Metric(
    "BoardsLag", "Milliseconds", "Age of the oldest row that the boards may not show yet"
)
EMITTED: Final = Metric("EmittedToday", "None", "Units drawn from the day's budget so far", "budget")
IMPOSSIBLE_SCORES: Final = Metric("ImpossibleScores", "Count", "Battles whose score no honest battle has")

CATALOGUE: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
