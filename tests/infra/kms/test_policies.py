"""Key policies at the KMS endpoint: who may do what, as AWS would judge it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import role_arn
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
