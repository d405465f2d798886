"""An account in which stage prod is deployed, as boto3 would answer, and what the checklist says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.local.serverless_file import function_values, load_yaml
from infra.ops.preflight.checklist import BEFORE_DEPLOYING, LINES
from infra.ops.preflight.deployed_stage import deployed_stage
from infra.ops.preflight.lines import Answer, answer_of
from infra.ops.preflight.stage import PROJECT
from tests.readiness.environments import production

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
        self.trails = [{"TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all"}]
        self.is_trail_on = True
        everything = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        self.selectors: dict[str, Any] = {"EventSelectors": [everything]}
        self.asked_keys: list[str] = []

    def forget(self, *names: str) -> None:
        """Take these out of the stage's Parameter Store."""
        for name in names:
            del self.parameters[f"/arena/prod/{name}"]

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

    def describe_trails(self, *, includeShadowTrails: bool) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert includeShadowTrails, "a trail of another region or of the organization counts too"
        self._refuse_if_denying("DescribeTrails")
        return {"trailList": self.trails}

    def get_trail_status(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Name == self.trails[0]["TrailARN"]
        return {"IsLogging": self.is_trail_on}

    def get_event_selectors(self, *, TrailName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert TrailName == self.trails[0]["TrailARN"]
        return self.selectors

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


def asked(account: Account, line: str) -> Answer:
    return answer_of(LINE_BY_ID[line], deployed_stage("prod", aws=account))


def asked_before(account: Account, line: str) -> Answer:
    return answer_of(BEFORE[line], deployed_stage("prod", aws=account))
