"""Every production rule, broken alone in every function it binds, and all of them at once."""

from __future__ import annotations

import traceback

import pytest

from shared.config.declarations import FUNCTIONS, VAULT_NAMES, held_by
from shared.readiness import RULES, ProductionNotReady, check, enforce
from tests.readiness.environments import BREACHES, ON_VERCEL, SECRET_VALUES, production, read_oracle_key

RULE_BY_ID = {rule.id: rule for rule in RULES}
CASES = [
    pytest.param(rule, function, change, id=f"{rule}-{function}-{index}")
    for rule, changes in BREACHES.items()
    for function in RULE_BY_ID[rule].functions
    for index, change in enumerate(changes)
]


HTTP = {"health", "battle", "economy", "claim", "admin"}
ALL = HTTP | {"signer", "settle"}
BOUND = {
    "app_env": ALL,
    "environment_agrees": ALL,
    "cors_origin": HTTP,
    "telegram_bot_token": {"economy"},
    "telegram_initdata_max_age": {"economy"},
    "telegram_initdata_max_age_short": {"economy"},
    "admin_jwt_secret": {"admin"},
    "admin_email": {"admin"},
    "admin_password_hash": {"admin"},
    "admin_password_absent": {"admin"},
    "battle_seed_secret": {"battle"},
    "session_private_key": {"economy"},
    "session_public_keys": {"battle", "economy", "claim"},
    "session_key_pair": {"economy"},
    "vault_complete": {"claim", "signer", "settle"},
    "vault_addresses": {"claim", "signer", "settle"},
    "oracle_public_key": {"claim", "signer", "settle"},
    "aiba_units_per_credit": {"claim", "signer", "settle"},
    "one_oracle_key": {"signer"},
    "oracle_private_key": {"signer"},
    "oracle_key_matches": {"signer"},
    "oracle_key_in_kms": {"signer"},
    "oracle_private_key_elsewhere": ALL - {"signer"},
    "signer_role_on_vercel": {"claim"},
    "signer_named_on_vercel": {"claim"},
    "signer_role_on_aws": {"claim"},
    "lasting_aws_keys": HTTP,
    "ton_network": {"economy", "claim", "signer", "settle"},
    "wallet_proof_domains": {"economy"},
    "ton_provider": {"claim", "settle"},
    "ton_secondary_provider": {"settle"},
    "ton_api_key": {"claim", "settle"},
    "legacy_dispatch": ALL,
    "mongodb_encrypted": ALL,
    "mongodb_majority": ALL,
    "mongodb_user": ALL,
    "upstash_url": HTTP,
    "upstash_token": HTTP,
    "metrics_token": {"health"},
    "local_endpoints": ALL,
    "local_clock": ALL,
}
WARNINGS = {"telegram_initdata_max_age_short", "oracle_key_in_kms", "ton_api_key"}
# Rules that compare two settings stay silent while one of them has no readable form.
MASKED = {"session_key_pair", "oracle_key_matches"}


def test_each_rule_binds_exactly_the_functions_it_is_meant_for() -> None:
    assert {rule.id: set(rule.functions) for rule in RULES} == BOUND


def test_only_what_is_merely_unwise_is_a_warning() -> None:
    assert {rule.id for rule in RULES if rule.severity == "warning"} == WARNINGS


def refusal(function: str, environment: dict[str, str]) -> ProductionNotReady:
    with pytest.raises(ProductionNotReady) as caught:
        enforce(function, environment, read_kms_public_key=read_oracle_key)
    return caught.value


def test_every_rule_has_a_breach_to_prove_it() -> None:
    assert set(BREACHES) == set(RULE_BY_ID)
    assert all(BREACHES.values())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_whose_rules_all_hold_starts_without_a_warning(function: str) -> None:
    assert enforce(function, production(function), read_kms_public_key=read_oracle_key) == ()


@pytest.mark.parametrize("keys", [{}, {"AWS_ACCESS_KEY_ID": "ASIAOFTHEPLATFORM", "AWS_SESSION_TOKEN": "x"}])
def test_on_vercel_claims_start_with_a_role_to_assume_beside_what_the_platform_left(
    keys: dict[str, str],
) -> None:
    assert enforce("claim", production("claim") | ON_VERCEL | keys) == ()


def test_on_vercel_no_role_is_due_while_there_is_no_vault() -> None:
    assert enforce("claim", production("claim") | dict.fromkeys(VAULT_NAMES, "") | {"VERCEL": "1"}) == ()


@pytest.mark.parametrize(("rule", "function", "change"), CASES)
def test_a_rule_broken_alone_is_named_alone(rule: str, function: str, change: dict[str, str]) -> None:
    environment = production(function) | change
    findings = check(function, environment, read_kms_public_key=read_oracle_key)
    severe = [finding.rule for finding in findings if finding.severity == RULE_BY_ID[rule].severity]
    assert severe == [rule]
    assert all(finding.settings and finding.remedy for finding in findings)


@pytest.mark.parametrize(("rule", "function", "change"), CASES)
def test_an_error_stops_the_function_and_a_warning_does_not(
    rule: str, function: str, change: dict[str, str]
) -> None:
    environment = production(function) | change
    if RULE_BY_ID[rule].severity == "error":
        error = refusal(function, environment)
        assert [finding.rule for finding in error.findings] == [rule]
        assert all(name in error.detail for finding in error.findings for name in finding.settings)
    else:
        warnings = enforce(function, environment, read_kms_public_key=read_oracle_key)
        assert [finding.rule for finding in warnings] == [rule]


@pytest.mark.parametrize(("rule", "function", "change"), CASES)
def test_no_value_is_ever_shown(rule: str, function: str, change: dict[str, str]) -> None:
    environment = production(function) | change
    findings = check(function, environment, read_kms_public_key=read_oracle_key)
    texts = [repr(findings), *(finding.describe() for finding in findings)]
    try:
        enforce(function, environment, read_kms_public_key=read_oracle_key)
    except ProductionNotReady as error:
        texts += [
            str(error),
            repr(error),
            repr(error.args),
            repr(vars(error)),
            *traceback.format_exception(error),
        ]
    shown = "".join(texts)
    values = [
        *SECRET_VALUES,
        *(value for value in change.values() if len(value) > 12),
    ]  # shorter ones are words of a remedy
    assert [value for value in values if value in shown] == []
    assert "MARK" not in shown


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_empty_production_names_every_required_setting_at_once(function: str) -> None:
    error = refusal(function, {"NODE_ENV": "production"})
    named = {name for finding in error.findings for name in finding.settings}
    assert {setting.name for setting in held_by(function) if setting.is_required} <= named
    assert error.code == "PROD_READINESS_FAILED"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_rules_broken_together_are_all_named_in_one_error(function: str) -> None:
    environment, expected = production(function), set()
    spoiled: set[str] = set()
    for rule, changes in BREACHES.items():
        bound = RULE_BY_ID[rule]
        if function not in bound.functions or bound.severity == "warning" or spoiled & set(changes[-1]):
            continue
        environment |= changes[-1]
        spoiled |= set(changes[-1])
        expected.add(rule)
    found = {finding.rule for finding in refusal(function, environment).findings}
    assert expected - found <= MASKED
    assert len(expected & found) >= 6


@pytest.mark.parametrize("function", FUNCTIONS)
def test_development_starts_on_the_example_file_without_the_oracle_key_of_another(function: str) -> None:
    environment = {setting.name: setting.example for setting in held_by(function)}
    environment.pop("ORACLE_PRIVATE_KEY_HEX", None)
    assert enforce(function, environment) == ()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_malformed_value_stops_development_too(function: str) -> None:
    environment = production(function) | {"APP_ENV": "dev", "STAGE": "dev", "MONGODB_URI": "MARK://nowhere"}
    error = refusal(function, environment)
    assert [(finding.rule, finding.settings) for finding in error.findings] == [
        ("settings", ("MONGODB_URI",))
    ]


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "signer"])
def test_no_other_function_starts_with_the_oracle_key_in_any_environment(function: str) -> None:
    environment = production(function) | {
        "APP_ENV": "dev",
        "STAGE": "dev",
        "ORACLE_PRIVATE_KEY_HEX": "ab" * 32,
    }
    assert [finding.rule for finding in refusal(function, environment).findings] == [
        "oracle_private_key_elsewhere"
    ]


def test_an_unresolved_reference_never_passes_for_a_secret() -> None:
    environment = production("battle") | {
        "BATTLE_SEED_SECRET": "secretsmanager:arena/prod/battle-seed-secret"
    }
    assert [finding.settings for finding in refusal("battle", environment).findings] == [
        ("BATTLE_SEED_SECRET",)
    ]
