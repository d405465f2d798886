"""What is emitted: every watched metric each time, under the one dimension that alarms name."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from functions.edge.exchange import Exchange
from functions.edge.metrics import emit, emit_split
from functions.edge.request_metrics import measure_request
from functions.edge.settle_metrics import measure_run
from functions.edge.signer_metrics import measure_decision
from shared.bootstrap.claim import start_claim
from shared.config.functions.claim import ClaimSettings
from shared.config.parts import Values
from shared.domain import metrics_catalogue as catalogue
from shared.domain.errors import InvariantBroken, Unavailable
from shared.domain.game_config import GameConfig, Paused
from shared.domain.vault_watch import WATCH_RULES
from shared.services.read_switches import read_switches
from shared.services.settle_claims import SettleTally
from tests.fakes.game_configs import FakeGameConfigs
from tests.functions.edge_app import EdgeUnderTest
from tests.functions.emitted import Measured, metrics_in, of_service
from tests.readiness.environments import production

SERVICE = (("service", "arena-dev"),)
ALWAYS = {
    "Requests",
    "RequestDuration",
    "ServerErrorPercent",
    "RateLimited",
    "LimiterFallback",
    "DatabaseUnavailable",
    "NotReady",
}
RUN: dict[str, Any] = {
    "tallies": {
        "janitor": {"lag_ms": 70},
        "claims": {"oldest_open_ms": 61_000, "confirmed": 2, "refunded": 0},
        "audit": {"leak_per_million": 3},
        "vault": {"broken": ["vault_ton_low"]},
        "emission": {"drawn": {"AIBA": 120}},
    },
    "failures": {},
    "reports": [
        ("vault", {"jetton_units": 900, "ton_nano": 1, "open_units": 35}),
        ("vault_ton_low", {}),
        ("boards", {"behind_ms": 80}),
        ("ledger_violation", {"invariant": 4}),
        ("ledger_violation", {"invariant": 2}),
    ],
    "providers": {"primary": {"ok": 3, "errors": 1, "timeout": 1}, "secondary": {"ok": 0, "errors": 0}},
    "duration_s": 0.25,
}


@pytest.fixture
def measured(edge: EdgeUnderTest, capsys: pytest.CaptureFixture[str]) -> Any:
    """Call it for what was emitted since it was last called."""
    del edge
    return lambda: metrics_in(capsys.readouterr().out.splitlines())


def test_a_quiet_battle_emits_every_watched_metric_at_rest(edge: EdgeUnderTest, measured: Any) -> None:
    assert edge.run().status_code == 200
    found = of_service(measured())
    assert found.keys() == ALWAYS | {"Battles", "BattleErrorPercent"}
    assert found.pop("RequestDuration") > 0
    assert found == {
        "Requests": 1,
        "Battles": 1,
        **dict.fromkeys(ALWAYS - {"Requests", "RequestDuration"}, 0),
        "BattleErrorPercent": 0,
    }


def test_a_refusal_is_counted_by_its_code_and_is_no_server_error(edge: EdgeUnderTest, measured: Any) -> None:
    edge.run({"brokerId": "tired"})
    found = measured()
    assert found["Refusals", (("code", "no_energy"), *SERVICE)] == 1
    assert found["ServerErrorPercent", SERVICE] == 0


def test_a_broken_battle_is_a_server_error_and_a_battle_error(edge: EdgeUnderTest, measured: Any) -> None:
    edge.game.failure = InvariantBroken("two and two is four")
    edge.run()
    found = of_service(measured())
    assert (found["ServerErrorPercent"], found["BattleErrorPercent"], found["Battles"]) == (100, 100, 0)


def test_a_database_that_does_not_answer_is_counted_as_that(edge: EdgeUnderTest, measured: Any) -> None:
    edge.game.failure = Unavailable("The database did not answer", code="database_unavailable")
    edge.run()
    assert of_service(measured())["DatabaseUnavailable"] == 1


def test_a_fallen_back_limiter_is_counted(edge: EdgeUnderTest, measured: Any) -> None:
    edge.limiter.is_down = True
    assert edge.run().status_code == 200
    assert of_service(measured())["LimiterFallback"] == 1


def test_a_refused_flood_is_counted(edge: EdgeUnderTest, measured: Any) -> None:
    edge.overrides["battle"] = 1
    statuses = [edge.run(headers={"idempotency-key": f"k{n}"}).status_code for n in range(200)]
    assert statuses[-1] == 429
    assert of_service(measured())["RateLimited"] == 1


def test_a_function_that_may_not_run_is_counted(edge: EdgeUnderTest, measured: Any) -> None:
    edge.not_ready = InvariantBroken("no secret is a placeholder")
    edge.run()
    assert of_service(measured())["NotReady"] == 1


def test_a_run_emits_every_watched_metric(measured: Any) -> None:
    measure_run(**RUN)
    found: Measured = measured()
    single = of_service(found)
    assert single == {
        "SettleRuns": 1,
        "SettleDuration": 0.25,
        "TasksFailed": 0,
        "DatabaseUnavailable": 0,
        "OldestOpenClaim": 61,
        "ProjectionLag": 70,
        "BoardsLag": 80,
        "BudgetLeakPerMillion": 3,
        "ProviderErrorPercent": 25,
        "ProviderDisagreements": 0,
        "SeqnoAnomalies": 0,
        "UndeliveredClaims": 0,
        "VaultUnknownOutflow": 0,
        "ClaimsPaused": 0,
        "VaultRulesBroken": 1,
        "VaultStopsClaims": 0,
        "VaultUnwatched": 0,
        "VaultTonLow": 1,
        "VaultInventoryShort": 0,
        "VaultRecipientsHigh": 0,
        "VaultJettonUnits": 900,
        "OpenClaimUnits": 35,
        "LedgerViolations": 2,
        "ImpossibleScores": 0,
    }
    assert found["ClaimsSettled", (("outcome", "confirmed"), *SERVICE)] == 2
    assert found["EmittedToday", (("budget", "AIBA"), *SERVICE)] == 120


def test_a_claim_that_breaks_a_rule_hides_neither_the_oldest_nor_what_was_settled(measured: Any) -> None:
    tally = SettleTally(confirmed=2, broken=1, oldest_open_ms=61_000)
    failed = {"claims": "claims_unsettled"}
    measure_run(
        tallies={}, failures=failed, reports=[("settle", {"tally": tally})], providers={}, duration_s=1
    )
    found: Measured = measured()
    assert of_service(found)["OldestOpenClaim"] == 61
    assert found["ClaimsSettled", (("outcome", "confirmed"), *SERVICE)] == 2
    assert found["ClaimsSettled", (("outcome", "broken"), *SERVICE)] == 1


VAULT_STATES = {
    *("VaultRulesBroken", "VaultStopsClaims", "VaultTonLow", "VaultInventoryShort", "VaultRecipientsHigh")
}


def _run_with_vault(tally: dict[str, Any], *, reports: list[Any], failures: dict[str, str]) -> None:
    tallies = {} if "vault" in failures else {"vault": tally}
    measure_run(tallies=tallies, failures=failures, reports=reports, providers={}, duration_s=1)


@pytest.mark.parametrize("rule", [rule.id for rule in WATCH_RULES if rule.stops_claims])
def test_whatever_stops_claims_by_itself_is_counted(measured: Any, rule: str) -> None:
    _run_with_vault({"broken": [rule]}, reports=[], failures={})
    assert of_service(measured())["VaultStopsClaims"] == 1


def test_a_rule_that_only_warns_stops_nothing(measured: Any) -> None:
    _run_with_vault({"broken": ["vault_ton_low", "vault_paused"]}, reports=[], failures={})
    found = of_service(measured())
    assert (found["VaultStopsClaims"], found["VaultRulesBroken"], found["VaultTonLow"]) == (0, 2, 1)


@pytest.mark.parametrize(
    ("tally", "failures"), [({"undecided": 1}, {}), ({}, {"vault": "database_unavailable"})]
)
def test_a_vault_that_nobody_saw_is_counted_and_nothing_is_said_of_its_state(
    measured: Any, tally: dict[str, Any], failures: dict[str, str]
) -> None:
    _run_with_vault(tally, reports=[("vault_unwatched", {"code": "chain_behind"})], failures=failures)
    found = of_service(measured())
    assert found["VaultUnwatched"] == 1
    assert not VAULT_STATES & found.keys()


def test_a_vault_whose_payments_alone_were_not_seen_is_unwatched_and_its_state_is_told(measured: Any) -> None:
    facts = {"jetton_units": 1, "ton_nano": 1, "open_units": 5}
    tally = {"undecided": 1, "broken": ["vault_inventory_short"]}
    _run_with_vault(tally, reports=[("vault", facts)], failures={})
    found = of_service(measured())
    assert (found["VaultUnwatched"], found["VaultInventoryShort"], found["VaultStopsClaims"]) == (1, 1, 1)


def test_claims_that_are_paused_are_counted_each_run(measured: Any) -> None:
    configs = FakeGameConfigs(replace(GameConfig(), paused=Paused(claims=True)))
    tallies = {"switches": asdict(read_switches(configs))}
    measure_run(tallies=tallies, failures={}, reports=[], providers={}, duration_s=1)
    assert of_service(measured())["ClaimsPaused"] == 1


def test_a_run_whose_tasks_all_failed_still_says_that_it_ran(measured: Any) -> None:
    failures = {"janitor": "database_unavailable", "claims": "database_unavailable", "vault": "chain_behind"}
    measure_run(tallies={}, failures=failures, reports=[], providers={}, duration_s=1)
    found = of_service(measured())
    assert (found["SettleRuns"], found["TasksFailed"], found["DatabaseUnavailable"]) == (1, 3, 2)


@pytest.mark.parametrize(
    ("outcome", "answer", "refusals", "kms_errors", "rule"),
    [
        ("ok", {"state": "signed", "rule": "all"}, 0, 0, "all"),
        ("ok", {"state": "refused", "rule": "wallet_linked"}, 1, 0, "wallet_linked"),
        ("ok", {"state": "awaiting_approval", "rule": "approved"}, 0, 0, "approved"),
        ("kms_unavailable", None, 0, 1, "kms_unavailable"),
        ("kms_access_denied", None, 0, 1, "kms_access_denied"),
        ("signature_invalid", None, 0, 1, "signature_invalid"),
        ("claim_unknown", None, 1, 0, "claim_unknown"),
    ],
)
def test_a_decision_of_the_signer_is_counted_by_its_rule(
    measured: Any, outcome: str, answer: dict[str, str] | None, refusals: int, kms_errors: int, rule: str
) -> None:
    measure_decision(outcome, answer)
    found: Measured = measured()
    single = of_service(found)
    assert (single["SignerRefusals"], single["KmsErrors"]) == (refusals, kms_errors)
    assert found["SignerDecisions", (("rule", rule), *SERVICE)] == 1


def test_what_a_request_asked_of_a_provider_is_counted_with_it(edge: EdgeUnderTest, measured: Any) -> None:
    edge.provider.count("ok")
    edge.provider.count("timeout")
    edge.provider.count("timeout")
    edge.run()
    assert of_service(measured())["ProviderErrorPercent"] == 66.7
    edge.run(headers={"idempotency-key": "another"})
    assert "ProviderErrorPercent" not in of_service(measured())


@pytest.mark.parametrize(("outcome", "lockouts"), [("login_locked", 1), ("rate_limited", 0), ("ok", 0)])
def test_a_locked_login_is_a_lockout_and_a_limited_stranger_is_none(
    measured: Any, outcome: str, lockouts: int
) -> None:
    exchange = Exchange(request_id="r", path="/api/admin/login", route="/api/admin/login", outcome=outcome)
    measure_request("admin", exchange, method="POST", status=429, duration_ms=1)
    assert of_service(measured())["AdminLockouts"] == lockouts


def test_only_a_split_metric_is_split() -> None:
    with pytest.raises(InvariantBroken):
        emit({catalogue.REFUSALS: 1})
    emit_split(catalogue.REFUSALS, {})


def test_names_are_unique_and_every_one_is_emitted_somewhere() -> None:
    names = [metric.name for metric in catalogue.CATALOGUE]
    assert len(set(names)) == len(names)
    source = "".join(path.read_text() for path in Path("functions/edge").glob("*_metrics.py"))
    constants = {name for name, value in vars(catalogue).items() if isinstance(value, catalogue.Metric)}
    assert constants - set(re.findall(r"catalogue\.([A-Z_]+)", source)) == set()


def test_the_claim_functions_provider_is_counted_for_its_requests() -> None:
    values = {**production("claim"), "TON_PROVIDER_URL": "http://127.0.0.1:9/api/v2/jsonRPC"}
    started = start_claim(ClaimSettings.of(Values(values)))
    try:
        assert started.edge.provider_outcomes() == {}
        with pytest.raises(Unavailable):
            started.parts().desk.chain.vault_account()
        asked = started.edge.provider_outcomes()
        assert (asked["ok"], asked["errors"] > 0) == (0, True)
        assert started.edge.provider_outcomes() == {}
    finally:
        started.close()
