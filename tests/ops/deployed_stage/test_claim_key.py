"""The claim key of a deployed stage: of the right kind, for the signer alone, and watched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.ops.preflight.deployed_stage import deployed_stage
from infra.ops.preflight.key_lines import key_is_of_the_right_kind, only_the_signer_signs
from infra.ops.preflight.lines import Line, answer_of
from tests.ops.deployed_stage.aws_account import LINE_BY_ID, PUBLIC_KEY, SIGNER, Account, asked


def test_the_public_key_is_shown_for_the_vault(account: Account) -> None:
    assert asked(account, "key_kind").detail.endswith(f"public key {PUBLIC_KEY.hex()}")


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


def _advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    selector = [{"Field": "eventCategory", "Equals": ["Management"]}, *fields]
    return {"AdvancedEventSelectors": [{"FieldSelectors": selector}]}


def _basic(**changed: Any) -> dict[str, Any]:
    return {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True, **changed}]}


@pytest.mark.parametrize(
    "selectors",
    [
        _basic(ReadWriteType="WriteOnly", ExcludeManagementEventSources=["rdsdata.amazonaws.com"]),
        _advanced(),
        _advanced({"Field": "readOnly", "Equals": ["false"]}),
        _advanced({"Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"]}),
    ],
)
def test_a_trail_that_records_changes_of_keys_lets_the_rule_hear_them(
    account: Account, selectors: dict[str, Any]
) -> None:
    account.selectors = selectors
    assert asked(account, "key_watched").state == "passed"


@pytest.mark.parametrize(
    "selectors",
    [
        _basic(IncludeManagementEvents=False),
        _basic(ReadWriteType="ReadOnly"),
        _basic(ExcludeManagementEventSources=["kms.amazonaws.com"]),
        _advanced({"Field": "readOnly", "Equals": ["true"]}),
        _advanced({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}),
        _advanced({"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts"]}),
        {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]},
        {},
    ],
)
def test_a_trail_that_leaves_changes_of_keys_out_is_red(account: Account, selectors: dict[str, Any]) -> None:
    account.selectors = selectors
    assert "no trail that is on" in asked(account, "key_watched").detail


def test_without_a_trail_that_is_on_no_rule_hears_of_the_key(account: Account) -> None:
    account.is_trail_on = False
    assert asked(account, "key_watched").state == "failed"
    account.trails = []
    assert asked(account, "key_watched").state == "failed"


def test_without_the_right_to_ask_for_trails_the_line_cannot_tell(account: Account) -> None:
    stage = deployed_stage("prod", aws=account)
    account.is_denying = True
    answer = answer_of(LINE_BY_ID["key_watched"], stage)
    assert (answer.state, "allow cloudtrail:DescribeTrails" in answer.detail) == ("cannot tell", True)
