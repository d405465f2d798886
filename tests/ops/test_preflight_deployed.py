"""The checklist on a deployed stage: settings as serverless.yml names them, read from the account's stores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.serverless_file import function_values, load_yaml
from infra.ops.preflight import chain_lines
from infra.ops.preflight.checklist import AFTER_DEPLOYING, BEFORE_DEPLOYING, LINES
from infra.ops.preflight.command import PreflightOptions, run_preflight
from infra.ops.preflight.deployed_stage import aws_client, deployed_stage
from infra.ops.preflight.key_lines import key_is_of_the_right_kind, only_the_signer_signs
from infra.ops.preflight.lines import Answer, Line, answer_of
from infra.ops.preflight.stage import PROJECT
from shared.domain.errors import Unavailable
from tests.ops.breaking_stage import TopicsWithReaders
from tests.readiness.environments import SECRET_VALUES, production

LINE_BY_ID = {line.id: line for line in LINES}
BEFORE = {line.id: line for line in BEFORE_DEPLOYING}
VAULT = ("ARENA_VAULT_ADDRESS", "AIBA_JETTON_MASTER", "ORACLE_PUBLIC_KEY_HEX", "AIBA_UNITS_PER_CREDIT")
PUBLIC_KEY = bytes(range(32))
CREATED = datetime(2026, 11, 1, tzinfo=UTC)
SIGNER = "arn:aws:iam::111122223333:role/arena-prod-SignerRole-1ABC"
API_URL = "https://abc123.execute-api.eu-central-1.amazonaws.com"


class Account:
    """What boto3 would answer in an account where stage prod is deployed; every service is this object."""

    def __init__(self) -> None:
        self.parameters = _parameters()
        self.is_denying = False
        self.has_stack = True
        self.high_throughput = "true"
        self.policy: dict[str, Any] = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                    "Action": ["kms:DescribeKey", "kms:PutKeyPolicy"],
                },
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": SIGNER},
                    "Action": "kms:Sign",
                    "Condition": {
                        "StringEquals": {"kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW"}
                    },
                },
            ]
        }
        self.metadata = {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY", "KeyState": "Enabled"}
        self.metadata["Arn"] = "arn:aws:kms:eu-central-1:111122223333:key/rotated"
        rules = load_yaml(PROJECT / "infra/aws/key_changes.yml")["Resources"]
        self.pattern: dict[str, Any] = rules["ClaimKeyChanged"]["Properties"]["EventPattern"]
        self.rule = {"State": "ENABLED", "EventPattern": json.dumps(self.pattern)}
        self.targets = [{"Id": "page", "Arn": "arn:aws:sns:eu-central-1:111122223333:arena-prod-page"}]
        self.asked_keys: list[str] = []

    def __call__(self, service: str) -> Account:
        return self

    def get_parameters(self, *, Names: Sequence[str], WithDecryption: bool) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self._refuse_if_denying("GetParameters")
        return {
            "Parameters": [
                {"Name": name, "Value": self.parameters[name]} for name in Names if name in self.parameters
            ]
        }

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if Name not in self.parameters:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": "no"}}, "GetParameter")
        return {"Parameter": {"LastModifiedDate": CREATED}}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert StackName == "arena-prod"
        if not self.has_stack:
            said = {"Code": "ValidationError", "Message": "Stack with id arena-prod does not exist"}
            raise ClientError({"Error": said}, "DescribeStacks")
        outputs = [{"OutputKey": "HttpApiUrl", "OutputValue": API_URL}]
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}]}

    def get_template(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"TemplateBody": {}}

    def get_account_settings(self) -> dict[str, Any]:
        self._refuse_if_denying("GetAccountSettings")
        limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 636}
        return {"AccountLimit": limits}

    def get_service_setting(self, *, SettingId: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert SettingId == "/ssm/parameter-store/high-throughput-enabled"
        self._refuse_if_denying("GetServiceSetting")
        return {"ServiceSetting": {"SettingValue": self.high_throughput}}

    def _refuse_if_denying(self, operation: str) -> None:
        if self.is_denying:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert FunctionName == "arena-prod-signer"
        return {"Role": SIGNER}

    def describe_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.asked_keys.append(KeyId)
        return {"KeyMetadata": self.metadata}

    def get_public_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"PublicKey": bytes(12) + PUBLIC_KEY}

    def list_grants(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Grants": []}

    def describe_rule(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Name == "arena-prod-claim-key-changed"
        return self.rule

    def list_targets_by_rule(self, *, Rule: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Targets": self.targets}

    def get_key_policy(self, *, KeyId: str, PolicyName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Policy": json.dumps(self.policy)}


def _parameters() -> dict[str, str]:
    """A value behind every reference of the template, good for production."""
    return {
        value.removeprefix("ssm:"): production(function)[name]
        for function, values in function_values(PROJECT / "serverless.yml", stage="prod").items()
        for name, value in values.items()
        if isinstance(value, str) and value.startswith("ssm:") and name in production(function)
    }


@pytest.fixture
def account() -> Account:
    return Account()


def asked(account: Account, line: str) -> Answer:
    return answer_of(LINE_BY_ID[line], deployed_stage("prod", aws=account))


def test_a_complete_stage_keeps_every_rule(account: Account) -> None:
    for line in ("settings", "secret_store", "template", "admin_hash"):
        assert asked(account, line).state == "passed", asked(account, line)


def test_a_stage_without_a_vault_fails_no_line_because_of_it(account: Account) -> None:
    for name in (
        "ARENA_VAULT_ADDRESS",
        "AIBA_JETTON_MASTER",
        "ORACLE_PUBLIC_KEY_HEX",
        "AIBA_UNITS_PER_CREDIT",
    ):
        del account.parameters[f"/arena/prod/{name}"]
    assert asked(account, "settings").state == "passed"
    assert asked(account, "key_pair").state == "cannot tell"
    assert {asked(account, line.id).state for line in chain_lines.LINES} == {"cannot tell"}


def test_a_value_that_is_not_there_is_named_with_its_function(account: Account) -> None:
    del account.parameters["/arena/prod/METRICS_TOKEN"]
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


@pytest.fixture
def new_account(account: Account) -> Account:
    """Everything set that can be set before there is a stack, and so a claim key and a vault."""
    account.has_stack = False
    for name in (*VAULT, "signer/ORACLE_KMS_KEY_ID"):
        del account.parameters[f"/arena/prod/{name}"]
    return account


def asked_before(account: Account, line: str) -> Answer:
    return answer_of(BEFORE[line], deployed_stage("prod", aws=account))


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
    del new_account.parameters[f"/arena/prod/{missing}"]
    answer = asked_before(new_account, "settings")
    assert (answer.state, missing.rpartition("/")[2] in answer.detail) == ("failed", True)


def test_a_stage_without_a_vault_may_be_deployed_again_with_its_claims_off(account: Account) -> None:
    for name in VAULT:
        del account.parameters[f"/arena/prod/{name}"]
    assert asked_before(account, "settings").state == "passed"
    assert asked(account, "settings").state == "passed"
    del account.parameters["/arena/prod/signer/ORACLE_KMS_KEY_ID"]  # which a deployed stack has made
    assert asked_before(account, "settings").state == "failed"


def test_a_vault_that_is_set_by_half_stops_a_deployment(account: Account) -> None:
    del account.parameters["/arena/prod/ORACLE_PUBLIC_KEY_HEX"]
    assert asked_before(account, "settings").state == "failed"


def test_the_public_key_is_shown_for_the_vault(account: Account) -> None:
    assert asked(account, "key_kind").detail.endswith(f"public key {PUBLIC_KEY.hex()}")


def test_only_secrets_that_are_set_have_an_age(account: Account) -> None:
    del account.parameters["/arena/prod/TON_SECONDARY_API_KEY"]
    ages = deployed_stage("prod", aws=account).secrets_changed_ms()
    assert "TON_SECONDARY_API_KEY (settle)" not in ages
    assert not [name for name in ages if name.startswith(("CORS_ORIGIN", "ARENA_VAULT_ADDRESS"))]


def test_the_claim_key_is_asked_for_by_its_alias_and_judged(account: Account) -> None:
    stage = deployed_stage("prod", aws=account)
    for judge in (key_is_of_the_right_kind, only_the_signer_signs):
        assert answer_of(Line("key", "key", judge), stage).state == "passed"
    assert account.asked_keys == ["alias/arena-prod-claim"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("KeySpec", "ECC_NIST_P256"), ("KeyUsage", "ENCRYPT_DECRYPT"), ("KeyState", "PendingDeletion")],
)
def test_a_key_of_another_kind_is_refused(account: Account, name: str, value: str) -> None:
    account.metadata[name] = value
    assert asked(account, "key_kind").state == "failed"


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": [SIGNER, "arn:aws:iam::111122223333:user/eve"]},
            "Action": "kms:Sign",
        },
        {"Effect": "Allow", "Principal": "*", "Action": ["kms:S*"]},
        {"Effect": "Allow", "Principal": {"AWS": SIGNER}, "NotAction": ["kms:Decrypt"]},
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "kms:Sign"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "kms:CreateGrant",
        },
    ],
)
def test_one_statement_too_many_is_found(account: Account, statement: dict[str, Any]) -> None:
    account.policy["Statement"].append(statement)
    assert asked(account, "key_policy").state == "failed"


def test_an_account_that_refuses_is_said_so_and_the_exit_code_tells(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.is_denying = True
    with pytest.raises(Unavailable):
        deployed_stage("prod", aws=account)
    monkeypatch.setattr("infra.ops.preflight.deployed_stage.aws_client", account)
    code = run_preflight(PreflightOptions("prod", False, False, False, None, "", ""))
    assert code == 2
    assert "stage prod could not be looked at" in capsys.readouterr().err


def test_a_key_that_a_rotation_made_is_watched(account: Account) -> None:
    assert asked(account, "key_watched").state == "passed"


def test_a_rule_for_another_key_or_that_tells_nobody_is_red(account: Account) -> None:
    detail = account.pattern["detail"]
    pinned = {**detail, "resources": {"ARN": ["arn:aws:kms:eu-central-1:111122223333:key/first"]}}
    account.rule["EventPattern"] = json.dumps({**account.pattern, "detail": pinned})
    assert "tell nobody" in asked(account, "key_watched").detail
    account.rule["EventPattern"] = json.dumps(account.pattern)
    account.targets = []
    assert asked(account, "key_watched").state == "failed"
    account.rule["State"] = "DISABLED"
    assert "switched off" in asked(account, "key_watched").detail


@pytest.mark.parametrize(
    ("name", "unread", "state"),
    [("prod", "neither", "passed"), ("prod", "ticket", "failed"), ("dev", "page", "cannot tell")],
)
def test_alarms_that_nobody_confirmed_to_read_are_red_where_players_are(
    account: Account, name: str, unread: str, state: str
) -> None:
    stage = replace(deployed_stage("prod", aws=account), name=name)
    topics = TopicsWithReaders("arena-prod", unread)
    assert answer_of(LINE_BY_ID["readers"], replace(stage, aws=lambda _: topics)).state == state


def test_before_the_first_deployment_nobody_can_have_subscribed(account: Account) -> None:
    topics = TopicsWithReaders("another-prod", "neither")
    stage = replace(deployed_stage("prod", aws=account), aws=lambda _: topics)
    assert answer_of(LINE_BY_ID["readers"], stage).state == "cannot tell"


def test_a_database_that_cannot_be_reached_is_red(account: Account) -> None:
    assert asked(account, "database").state == "failed"


def test_an_unknown_stage_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_preflight(PreflightOptions("production", False, False, False, None, "", "")) == 2
    assert "dev, staging, prod" in capsys.readouterr().err


def test_the_accounts_limits_are_compared_with_what_the_template_reserves(account: Account) -> None:
    answer = asked(account, "concurrency")
    assert (answer.state, answer.detail) == ("passed", "434 reserved of 1000")


@pytest.mark.parametrize(("value", "said"), [("true", "is on"), ("false", "warning: 40 reads a second")])
def test_parameter_stores_throughput_is_told_and_stops_nothing(
    account: Account, value: str, said: str
) -> None:
    account.high_throughput = value
    answer = asked(account, "parameter_reads")
    assert answer.state == "passed"
    assert said in answer.detail


@pytest.mark.parametrize("line", ["concurrency", "parameter_reads"])
def test_without_the_right_to_ask_the_account_a_line_cannot_tell(account: Account, line: str) -> None:
    stage = deployed_stage("prod", aws=account)
    account.is_denying = True
    answer = answer_of(LINE_BY_ID[line], stage)
    assert answer.state == "cannot tell"
    assert "allow " in answer.detail


@pytest.mark.parametrize(("chosen", "region"), [("", "eu-central-1"), ("eu-west-1", "eu-west-1")])
def test_a_stage_is_looked_for_in_the_region_it_is_deployed_to(
    monkeypatch: pytest.MonkeyPatch, chosen: str, region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", chosen)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert aws_client("ssm").meta.region_name == region
    written = (PROJECT / "serverless.yml").read_text()
    assert "region: ${opt:region, env:AWS_REGION, 'eu-central-1'}" in written
