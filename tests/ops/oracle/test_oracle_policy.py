"""What somebody did to the claim key's policy is taken back, and under ours nobody gives the right away."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.ops.oracle.oracle_stage import OracleStage


def test_a_changed_policy_is_restored_and_what_was_granted_meanwhile_is_ended(stage: OracleStage) -> None:
    key_id, eve = stage.old_key_id, "arn:aws:iam::000000000000:user/eve"
    everything = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    stolen = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    stage.kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=stolen)
    stage.kms.create_grant(KeyId=key_id, GranteePrincipal=eve, Operations=["Sign", "GetPublicKey"])
    for revoked in ([f"{eve}: Sign, GetPublicKey"], []):  # it may be repeated
        assert stage.parts.keys.restore_policy(key_id) == revoked
    policy = stage.kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    assert json.loads(policy) == json.loads(stage.request["Policy"])
    assert stage.kms.list_grants(KeyId=key_id)["Grants"] == []


def test_under_our_policy_an_administrator_ends_grants_and_makes_none(stage: OracleStage) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        stage.kms.create_grant(
            KeyId=stage.old_key_id, GranteePrincipal="arn:aws:iam::1:root", Operations=["Sign"]
        )
    assert stage.kms.list_grants(KeyId=stage.old_key_id)["Grants"] == []
