"""Settings and secrets of a deployed stage, as serverless.yml names them, read from the account's stores."""

from __future__ import annotations

from infra.ops.preflight import chain_lines
from infra.ops.preflight.deployed_stage import deployed_stage
from tests.ops.deployed_stage.aws_account import API_URL, CREATED, SIGNER, VAULT, Account, asked
from tests.readiness.environments import SECRET_VALUES


def test_a_complete_stage_keeps_every_rule(account: Account) -> None:
    for line in ("settings", "secret_store", "template", "admin_hash"):
        assert asked(account, line).state == "passed", asked(account, line)


def test_a_stage_without_a_vault_fails_no_line_because_of_it(account: Account) -> None:
    account.forget(*VAULT)
    assert asked(account, "settings").state == "passed"
    assert asked(account, "key_pair").state == "cannot tell"
    assert {asked(account, line.id).state for line in chain_lines.LINES} == {"cannot tell"}


def test_a_value_that_is_not_there_is_named_with_its_function(account: Account) -> None:
    account.forget("METRICS_TOKEN")
    assert asked(account, "secret_store").detail == "nothing is behind the reference of health METRICS_TOKEN"
    settings = asked(account, "settings")
    assert settings.state == "failed"
    assert "METRICS_TOKEN" in settings.detail


def test_secrets_that_are_equal_are_found_and_not_shown(account: Account) -> None:
    account.parameters["/arena/prod/METRICS_TOKEN"] = account.parameters["/arena/prod/BATTLE_SEED_SECRET"]
    answer = asked(account, "settings")
    assert answer.state == "failed"
    assert not any(value in answer.detail for value in SECRET_VALUES)


def test_the_stage_knows_its_api_its_signers_role_and_the_age_of_its_secrets(account: Account) -> None:
    stage = deployed_stage("prod", aws=account)
    ages = stage.secrets_changed_ms()
    assert (stage.api_url, stage.signer_role()) == (API_URL, SIGNER)
    assert ages["METRICS_TOKEN (health)"] == round(CREATED.timestamp() * 1000)
    assert {"BATTLE_SEED_SECRET (battle)", "ADMIN_JWT_SECRET (admin)", "MONGODB_URI (settle)"} <= set(ages)


def test_only_secrets_that_are_set_have_an_age(account: Account) -> None:
    account.forget("TON_SECONDARY_API_KEY")
    ages = deployed_stage("prod", aws=account).secrets_changed_ms()
    assert "TON_SECONDARY_API_KEY (settle)" not in ages
    assert not [name for name in ages if name.startswith(("CORS_ORIGIN", "ARENA_VAULT_ADDRESS"))]
