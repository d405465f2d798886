"""The deployment's description against what the code declares: routes, settings, roles, the claim key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.local.routes import RouteTable
from infra.local.serverless_file import load_yaml, read_service
from infra.ops.package.template import REGION, STAGES, require_runbook
from infra.ops.package.wheels import PackagingFailed
from shared.config.declarations import BY_NAME, DEV_SWITCHES, FUNCTIONS, held_by

PROJECT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = load_yaml(PROJECT / "serverless.yml")
SERVICE = read_service(PROJECT / "serverless.yml", stage="dev")
ROLES: dict[str, Any] = load_yaml(PROJECT / "infra/aws/iam.yml")["Resources"]
KMS: dict[str, Any] = load_yaml(PROJECT / "infra/aws/kms.yml")["Resources"]

# Set by other platforms, by the local stack alone, or an alternative to what AWS has.
NOT_ON_AWS = {"NODE_ENV", "VERCEL_ENV", "SIGNER_ROLE_ARN", "ORACLE_PRIVATE_KEY_HEX", *DEV_SWITCHES}


def _environment(function: str) -> dict[str, Any]:
    return {**DOCUMENT["provider"]["environment"], **DOCUMENT["functions"][function]["environment"]}


def _statements(function: str) -> list[dict[str, Any]]:
    [policy] = ROLES[f"{function.capitalize()}Role"]["Properties"]["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


def test_the_seven_functions_are_the_declared_ones() -> None:
    assert tuple(SERVICE.functions) == FUNCTIONS
    assert {spec.handler for spec in SERVICE.functions.values()} == {
        f"functions.{name}.handler" for name in FUNCTIONS
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_given_exactly_the_settings_it_declares(function: str) -> None:
    declared = {setting.name for setting in held_by(function)} - NOT_ON_AWS
    assert set(_environment(function)) == declared


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_secret_is_only_ever_a_reference(function: str) -> None:
    for name, value in _environment(function).items():
        if BY_NAME[name].is_secret:
            assert re.fullmatch(r"ssm:/arena/\$\{sls:stage\}/(\w+/)?" + name, value), name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_reads_exactly_the_parameters_of_its_function(function: str) -> None:
    prefix = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
    references = {value for value in _environment(function).values() if str(value).startswith("ssm:")}
    [statement] = [s for s in _statements(function) if "ssm:GetParameters" in s["Action"]]
    assert {entry["!Sub"] for entry in statement["Resource"]} == {prefix + value[4:] for value in references}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_database_user_of_its_own(function: str) -> None:
    assert _environment(function)["MONGODB_URI"] == f"ssm:/arena/${{sls:stage}}/{function}/MONGODB_URI"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_role_has_a_wildcard_but_for_traces_and_none_names_kms(function: str) -> None:
    for statement in _statements(function):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action or action.startswith("kms:")]
        if statement["Resource"] == "*":
            assert actions == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]


def test_only_the_claim_function_may_invoke_and_only_the_signer() -> None:
    invoking = {
        function: statement["Resource"]["!Sub"].split(":function:")[1]
        for function in FUNCTIONS
        for statement in _statements(function)
        if "lambda:InvokeFunction" in statement["Action"]
    }
    assert invoking == {"claim": "${self:service}-${sls:stage}-signer"}


def test_only_the_signers_role_may_sign_and_only_pure_ed25519() -> None:
    key = KMS["ClaimKey"]
    statements = key["Properties"]["KeyPolicy"]["Statement"]
    [signing] = [s for s in statements if "kms:Sign" in s["Action"]]
    assert signing["Principal"] == {"AWS": {"!GetAtt": "SignerRole.Arn"}}
    assert signing["Condition"] == {
        "StringEquals": {"kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW"}
    }
    assert key["Properties"]["KeySpec"] == "ECC_NIST_EDWARDS25519"
    [administering] = [s for s in statements if s["Sid"] == "AdministerNotUse"]
    assert {action for action in administering["Action"] if "Grant" in action} == {
        *("kms:ListGrants", "kms:RevokeGrant")
    }
    granting = {"kms:CreateGrant", "kms:Sign"}
    assert not [
        s for s in statements if s is not signing and (granting & set(s["Action"]) or "*" in str(s["Action"]))
    ]


@pytest.mark.parametrize("resource", ["ClaimKey", "ClaimKeyParameter"])
def test_the_claim_key_outlives_its_stack_but_not_the_failed_deployment_that_made_it(resource: str) -> None:
    assert KMS[resource]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert KMS[resource]["UpdateReplacePolicy"] == "Retain"


def test_every_command_looks_at_the_region_that_is_deployed_to() -> None:
    assert DOCUMENT["provider"]["region"] == f"${{opt:region, env:AWS_REGION, '{REGION}'}}"


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("GET", "/health", "health"),
        ("GET", "/health/ready", "health"),
        ("GET", "/metrics", "health"),
        ("POST", "/api/battle/run", "battle"),
        ("POST", "/api/brokers", "battle"),
        ("POST", "/api/brokers/b1/train", "battle"),
        ("GET", "/api/leaderboards/daily", "battle"),
        ("POST", "/api/session", "economy"),
        ("GET", "/api/economy/me", "economy"),
        ("POST", "/api/referrals/use", "economy"),
        ("DELETE", "/api/wallet", "economy"),
        ("POST", "/api/wallet/challenge", "economy"),
        ("POST", "/api/claims", "claim"),
        ("GET", "/api/claims/c1", "claim"),
        ("GET", "/api/vault", "claim"),
        ("POST", "/api/admin/login", "admin"),
        ("OPTIONS", "/api/battle/run", "battle"),
        ("GET", "/", "health"),
        ("GET", "/wp-login.php", "health"),
        ("POST", "/api/signer", "health"),
        ("POST", "/api/settle", "health"),
    ],
)
def test_a_path_reaches_its_function(method: str, path: str, function: str) -> None:
    match = RouteTable(SERVICE).match(method, path)
    assert match is not None
    assert match.route.function == function


def test_the_gateway_answers_no_preflight_itself_and_nothing_is_kept_warm_for_money() -> None:
    assert "cors" not in DOCUMENT["provider"]["httpApi"]
    assert not [f for f in DOCUMENT["functions"].values() if "provisionedConcurrency" in f]


def test_settle_runs_each_minute_one_at_a_time_and_is_not_retried() -> None:
    settle = DOCUMENT["functions"]["settle"]
    assert (
        SERVICE.functions["settle"].every_s,
        settle["reservedConcurrency"],
        settle["maximumRetryAttempts"],
    ) == (60, 1, 0)
    assert SERVICE.functions["signer"].route_keys == ()
    assert SERVICE.functions["signer"].every_s is None


def test_no_function_outlives_the_gateways_patience() -> None:
    assert all(spec.timeout_s <= 29 for spec in SERVICE.functions.values() if spec.route_keys)


def _param(name: str, stage: str) -> Any:
    return {**DOCUMENT["params"]["default"], **DOCUMENT["params"].get(stage, {})}[name]


def _concurrency(stage: str) -> dict[str, int]:
    service = read_service(PROJECT / "serverless.yml", stage=stage)
    return {name: spec.reserved_concurrency or 0 for name, spec in service.functions.items()}


@pytest.mark.parametrize("stage", STAGES)
def test_every_function_has_a_concurrency_of_its_own_and_leaves_the_account_the_rest(stage: str) -> None:
    reserved = _concurrency(stage)
    assert min(reserved.values()) >= 1
    assert sum(reserved.values()) <= 1_000 - 100  # the account's quota, and what Lambda keeps unreserved


@pytest.mark.parametrize("stage", STAGES)
def test_a_burst_of_claims_finds_a_signer_for_each(stage: str) -> None:
    reserved = _concurrency(stage)
    assert reserved["signer"] >= reserved["claim"]


@pytest.mark.parametrize("stage", STAGES)
def test_scanners_at_the_gateways_whole_rate_leave_room_for_the_probe(stage: str) -> None:
    answer_s = 0.01
    assert _concurrency(stage)["health"] - 1 >= _param("throttleRate", stage) * answer_s


@pytest.mark.parametrize("stage", STAGES)
def test_the_gateway_refuses_before_the_functions_are_used_up(stage: str) -> None:
    reserved, request_s = _concurrency(stage), 0.3
    carried = sum(reserved[name] for name in ("battle", "economy", "claim"))
    assert _param("throttleRate", stage) * request_s <= carried
    assert _param("throttleBurst", stage) == 2 * _param("throttleRate", stage)


@pytest.mark.parametrize(("stage", "days"), [("dev", 14), ("staging", 30), ("prod", 90)])
def test_logs_are_kept_as_long_as_monitoring_says(stage: str, days: int) -> None:
    assert DOCUMENT["provider"]["logRetentionInDays"] == "${param:logRetention}"
    assert _param("logRetention", stage) == days
    assert f"{days} ({stage})" in (PROJECT / "docs/monitoring.md").read_text().replace("14 days", "14")


def test_the_gateway_throttles_by_stage_and_counts_by_route() -> None:
    stage = load_yaml(PROJECT / "infra/aws/api.yml")["extensions"]["HttpApiStage"]["Properties"]
    assert stage["DefaultRouteSettings"] == {
        "DetailedMetricsEnabled": True,
        "ThrottlingBurstLimit": "${param:throttleBurst}",
        "ThrottlingRateLimit": "${param:throttleRate}",
    }
    assert (_param("throttleRate", "prod"), _param("throttleRate", "dev")) == (1_000, 50)


def test_a_request_that_reached_no_function_is_explained_by_the_access_log() -> None:
    logged = json.loads(DOCUMENT["provider"]["logs"]["httpApi"]["format"])
    assert {
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
        "integrationMs": "$context.integrationLatency",
        "integrationStatus": "$context.integrationStatus",
        "error": "$context.error.message",
        "integrationError": "$context.integrationErrorMessage",
    }.items() <= logged.items()
    assert not {"query", "authorization", "userAgent"} & logged.keys()


def test_functions_send_traces_and_log_json() -> None:
    provider = DOCUMENT["provider"]
    assert provider["tracing"] == {"lambda": True}
    assert provider["logs"]["lambda"]["logFormat"] == "JSON"


@pytest.mark.parametrize("function", [name for name, spec in SERVICE.functions.items() if spec.every_s])
def test_a_scheduled_event_is_neither_repeated_nor_kept_beyond_its_minute(function: str) -> None:
    spec = DOCUMENT["functions"][function]
    assert (spec["maximumEventAge"], spec["maximumRetryAttempts"]) == (60, 0)


@pytest.mark.parametrize("url", ["", "docs/alarms.md", "http://example.org/alarms.md"])
@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_where_people_are_told_an_alarms_mail_must_link_to_a_page(stage: str, url: str) -> None:
    with pytest.raises(PackagingFailed, match="ARENA_RUNBOOK_URL"):
        require_runbook(stage, {"ARENA_RUNBOOK_URL": url})
    require_runbook(stage, {"ARENA_RUNBOOK_URL": "https://example.org/docs/alarms.md"})
    require_runbook("dev", {})
    assert DOCUMENT["params"]["default"]["runbook"].startswith("${env:ARENA_RUNBOOK_URL,")
