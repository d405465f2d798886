"""Key policies at the KMS endpoint: who may do what, as AWS would judge it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.kms_call import KmsCall
from infra.local.kms_keys import Account, Keyring
from infra.local.kms_policy import default_policy
from infra.local.kms_trail import READS, trail_event
from tests.conftest import KMS_ACCOUNT, role_arn
from tests.infra.kms.kms_clients import MESSAGE, SIGN, SIGNER_ONLY, code_of, new_key


def test_only_the_signer_signs_with_a_guarded_key(
    root: Any, signer: Any, battle: Any, guarded_key_id: str
) -> None:
    assert len(signer.sign(KeyId=guarded_key_id, **SIGN)["Signature"]) == 64
    assert signer.get_public_key(KeyId=guarded_key_id)["PublicKey"]
    for other in (root, battle):
        assert code_of(other.sign, KeyId=guarded_key_id, **SIGN) == "AccessDeniedException"


def test_the_conditions_of_a_policy_bind_the_signer_too(signer: Any, guarded_key_id: str) -> None:
    digest = {**SIGN, "MessageType": "DIGEST", "Message": b"x" * 64, "SigningAlgorithm": "ED25519_PH_SHA_512"}
    assert code_of(signer.sign, KeyId=guarded_key_id, **digest) == "AccessDeniedException"
    no_type = {"Message": MESSAGE, "SigningAlgorithm": "ED25519_SHA_512"}
    assert signer.sign(KeyId=guarded_key_id, **no_type)["Signature"]


def test_a_deny_beats_every_allow(root: Any, signer: Any) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "kms:Sign",
        "Resource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role_arn("claim")}},
    }
    policy = {**SIGNER_ONLY, "Statement": [*SIGNER_ONLY["Statement"], deny]}
    key = new_key(root, Policy=json.dumps(policy))
    assert code_of(signer.sign, KeyId=key, **SIGN) == "AccessDeniedException"


def test_a_role_may_only_what_a_key_policy_gives_it(root: Any, battle: Any, key_id: str) -> None:
    assert code_of(battle.list_keys) == "AccessDeniedException"
    assert code_of(battle.list_aliases) == "AccessDeniedException"
    assert code_of(battle.sign, KeyId=key_id, **SIGN) == "AccessDeniedException"
    arguments = {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"}
    assert code_of(battle.create_key, **arguments) == "AccessDeniedException"


def test_a_policy_comes_back_as_it_was_given(root: Any, key_id: str, guarded_key_id: str) -> None:
    default = json.loads(root.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
    assert default["Statement"][0]["Action"] == "kms:*"
    assert code_of(root.get_key_policy, KeyId=guarded_key_id) == "AccessDeniedException"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("{", "MalformedPolicyDocumentException"),
        ("{}", "MalformedPolicyDocumentException"),
        ('{"Statement": [{"Effect": "Maybe"}]}', "MalformedPolicyDocumentException"),
        ('{"Statement": []}', "MalformedPolicyDocumentException"),
        ('{"Statement": [{"Effect": "Allow", "NotAction": "kms:Sign"}]}', "UnsupportedOperationException"),
        ('{"Statement": [{"Effect": "Deny", "Condition": {"Bool": {}}}]}', "UnsupportedOperationException"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(root: Any, policy: str, code: str) -> None:
    arguments = {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY", "Policy": policy}
    assert code_of(root.create_key, **arguments) == code


def test_a_policy_that_was_put_rules_at_once(root: Any, signer: Any) -> None:
    key_id = new_key(root)
    assert code_of(signer.sign, KeyId=key_id, **SIGN) == "AccessDeniedException"
    root.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(SIGNER_ONLY))
    assert signer.sign(KeyId=key_id, **SIGN)["Signature"]
    assert code_of(root.sign, KeyId=key_id, **SIGN) == "AccessDeniedException"


def test_a_policy_that_locks_its_writer_out_is_refused(root: Any) -> None:
    policy = {**SIGNER_ONLY, "Statement": SIGNER_ONLY["Statement"][1:]}
    named = {"KeyId": new_key(root), "PolicyName": "default", "Policy": json.dumps(policy)}
    assert code_of(root.put_key_policy, **named) == "MalformedPolicyDocumentException"


def test_a_grant_lets_its_holder_sign_until_it_is_revoked(root: Any, battle: Any) -> None:
    key_id = new_key(root)
    assert code_of(battle.sign, KeyId=key_id, **SIGN) == "AccessDeniedException"
    given = {"GranteePrincipal": role_arn("battle"), "Operations": ["Sign"]}
    grant_id = root.create_grant(KeyId=key_id, **given)["GrantId"]
    [grant] = root.list_grants(KeyId=key_id)["Grants"]
    assert (grant["GrantId"], grant["GranteePrincipal"], grant["Operations"]) == (grant_id, *given.values())
    assert battle.sign(KeyId=key_id, **SIGN)["Signature"]
    assert code_of(battle.get_public_key, KeyId=key_id) == "AccessDeniedException"
    root.revoke_grant(KeyId=key_id, GrantId=grant_id)
    assert code_of(battle.sign, KeyId=key_id, **SIGN) == "AccessDeniedException"
    assert code_of(root.revoke_grant, KeyId=key_id, GrantId=grant_id) == "NotFoundException"


def test_under_our_kind_of_policy_nobody_grants(root: Any, guarded_key_id: str) -> None:
    given = {"GranteePrincipal": role_arn("battle"), "Operations": ["Sign"]}
    assert code_of(root.create_grant, KeyId=guarded_key_id, **given) == "AccessDeniedException"


def test_what_changes_a_key_is_told_as_eventbridge_tells_it_and_reading_is_not() -> None:
    keyring = Keyring(Account(KMS_ACCOUNT, "eu-central-1"))
    key = keyring.create(policy=default_policy(keyring.account.root_arn), description="")
    keyring.put_alias("alias/claim", key.id)
    call = KmsCall(
        "UpdateAlias", {"AliasName": "alias/claim", "TargetKeyId": key.id}, role_arn("claim"), keyring
    )
    event = trail_event(call, {}, at_s=1_662_062_776)
    detail = event["detail"]
    assert (event["source"], event["detail-type"]) == ("aws.kms", "AWS API Call via CloudTrail")
    assert (detail["eventName"], detail["eventTime"]) == ("UpdateAlias", "2022-09-01T20:06:16Z")
    assert detail["requestParameters"] == {"aliasName": "alias/claim", "targetKeyId": key.id}
    assert [each["ARN"] for each in detail["resources"]] == [keyring.arn(key)]
    assert "invokedBy" not in detail["userIdentity"]
    assert {"Sign", "GetKeyPolicy", "ListGrants"} <= READS
    assert not {"PutKeyPolicy", "CreateGrant", "RevokeGrant", "UpdateAlias"} & READS
