"""What may be missing before a deployment, the first one and a later one, and what may not be there yet."""

from __future__ import annotations

import pytest

from infra.ops.preflight.checklist import AFTER_DEPLOYING
from tests.ops.deployed_stage.aws_account import VAULT, Account, asked, asked_before
from tests.readiness.environments import production


def test_the_first_deployment_goes_ahead_without_the_key_it_makes_and_without_a_vault(
    new_account: Account,
) -> None:
    for line in ("settings", "secret_store", "template", "admin_hash", "metrics", "runbook"):
        assert asked_before(new_account, line).state == "passed", asked_before(new_account, line)
    assert "claims are off" in asked_before(new_account, "settings").detail
    assert asked(new_account, "settings").state == "passed"


@pytest.mark.parametrize("line", [line.id for line in AFTER_DEPLOYING])
def test_what_a_deployment_makes_is_not_asked_before_there_is_one(new_account: Account, line: str) -> None:
    answer = asked(new_account, line)
    assert (answer.state, answer.detail) == ("cannot tell", "asked once the stage is deployed")


@pytest.mark.parametrize("name", VAULT)
def test_a_vault_before_the_first_deployment_would_trust_another_key(new_account: Account, name: str) -> None:
    new_account.parameters[f"/arena/prod/{name}"] = production("claim")[name]
    answer = asked_before(new_account, "settings")
    assert (answer.state, f"remove {name} until then" in answer.detail) == ("failed", True)


def test_a_key_left_by_a_former_stack_is_found_before_cloudformation_stumbles_over_it(
    new_account: Account,
) -> None:
    new_account.parameters["/arena/prod/signer/ORACLE_KMS_KEY_ID"] = "an-old-key"
    answer = asked_before(new_account, "settings")
    assert (answer.state, "left from a former stack" in answer.detail) == ("failed", True)
    assert "an-old-key" not in answer.detail


@pytest.mark.parametrize("missing", ["METRICS_TOKEN", "battle/MONGODB_URI", "TON_PROVIDER_URL"])
def test_nothing_else_may_be_missing_in_a_first_deployment(new_account: Account, missing: str) -> None:
    new_account.forget(missing)
    answer = asked_before(new_account, "settings")
    assert (answer.state, missing.rpartition("/")[2] in answer.detail) == ("failed", True)


def test_a_stage_without_a_vault_may_be_deployed_again_with_its_claims_off(account: Account) -> None:
    account.forget(*VAULT)
    assert asked_before(account, "settings").state == "passed"
    assert asked(account, "settings").state == "passed"
    account.forget("signer/ORACLE_KMS_KEY_ID")  # which a deployed stack has made
    assert asked_before(account, "settings").state == "failed"


def test_a_vault_that_is_set_by_half_stops_a_deployment(account: Account) -> None:
    account.forget("ORACLE_PUBLIC_KEY_HEX")
    assert asked_before(account, "settings").state == "failed"
