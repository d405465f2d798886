"""The pipeline's role as docs/deployment.md gives it: for one environment, with actions that exist, and no way to the key."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3
import pytest

from tests.docs.documents import PROJECT, blocks_of

PAGE = PROJECT / "docs/deployment.md"
TRUST, PERMISSIONS = (
    json.loads(block) for block in blocks_of(PAGE) if block.lstrip().startswith('{"Version"')
)
# Where IAM's word for it is not the operation's own name.
OTHER_NAMES = {"s3:ListBucket": "ListObjectsV2", "lambda:InvokeFunction": "Invoke"}
NOT_OPERATIONS = {
    "iam:PassRole",
    *(f"apigateway:{verb}" for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")),
    *(f"logs:{name}" for name in ("GetLogDelivery", "ListLogDeliveries", "CreateLogDelivery", "UpdateLogDelivery")),
}  # fmt: skip


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


STATEMENTS = {each["Sid"]: each for each in PERMISSIONS["Statement"]}
ACTIONS = sorted({action for each in STATEMENTS.values() for action in listed(each["Action"])})


@cache
def operations_of(service: str) -> frozenset[str]:
    client = boto3.client(
        service, region_name="eu-central-1", aws_access_key_id="FAKE", aws_secret_access_key="fake"
    )
    return frozenset(client.meta.service_model.operation_names)


def test_the_role_trusts_one_environment_of_one_repository() -> None:
    [statement] = TRUST["Statement"]
    asked = statement["Condition"]["StringEquals"]
    assert set(statement["Condition"]) == {"StringEquals"}
    assert asked == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:our-org/arena:environment:prod",
    }


@pytest.mark.parametrize("action", [each for each in ACTIONS if each not in NOT_OPERATIONS])
def test_an_action_is_one_of_its_service(action: str) -> None:
    service, _, name = action.partition(":")
    assert OTHER_NAMES.get(action, name) in operations_of(service)


def test_no_action_is_a_pattern_and_nothing_that_changes_data_is_allowed_everywhere() -> None:
    assert [action for action in ACTIONS if "*" in action] == []
    for each in STATEMENTS.values():
        if "*" in listed(each["Resource"]):
            changing = [
                action
                for action in each["Action"]
                if not action.split(":")[1].startswith(("Get", "List", "Describe", "Validate"))
            ]
            assert changing == ["logs:CreateLogDelivery", "logs:UpdateLogDelivery"]


def test_every_resource_is_the_stages_own_or_has_no_name_of_its_own() -> None:
    nameless = {"Routes", "LookAtTheClaimKey", "WhatHasNoResource"}
    for name, each in STATEMENTS.items():
        own = [
            resource
            for resource in listed(each["Resource"])
            if "arena-prod" in resource or "arena/prod" in resource
        ]
        assert name in nameless or own == listed(each["Resource"])


def test_the_pipeline_cannot_sign_nor_change_who_may() -> None:
    assert {action for action in ACTIONS if action.startswith("kms:")} == {
        *("kms:DescribeKey", "kms:GetPublicKey", "kms:GetKeyPolicy", "kms:ListGrants")
    }
    assert STATEMENTS["GiveFunctionsTheirRoles"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}
    }
    assert not {"iam:CreateRole", "iam:UpdateAssumeRolePolicy", "ssm:PutParameter"} & set(ACTIONS)
