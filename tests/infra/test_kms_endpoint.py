"""The KMS endpoint, judged by boto3: it signs what AWS signs and refuses what AWS refuses, by AWS's codes."""

from __future__ import annotations

import json
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from nacl.signing import VerifyKey

from infra.local.endpoint_process import start_endpoint, stop_endpoint
from infra.local.kms_call import KmsCall
from infra.local.kms_keys import Account, Keyring
from infra.local.kms_policy import default_policy
from infra.local.kms_trail import READS, trail_event
from tests.conftest import KMS_ACCOUNT, access_key_id, role_arn

DER_PREFIX = bytes.fromhex("302a300506032b6570032100")
MESSAGE = b"claim"
SIGN = {"Message": MESSAGE, "MessageType": "RAW", "SigningAlgorithm": "ED25519_SHA_512"}

SIGNER_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{KMS_ACCOUNT}:root"},
            "Action": ["kms:DescribeKey", "kms:PutKeyPolicy", "kms:DisableKey", "kms:CreateAlias"],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": role_arn("signer")},
            "Action": "kms:Sign",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW"}
            },
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": role_arn("signer")},
            "Action": ["kms:GetPublicKey", "kms:DescribeKey"],
            "Resource": "*",
        },
    ],
}


def client(url: str, *, key_id: str = "AKIAFAKEROOT", retries: int = 0, read_timeout_s: float = 5) -> Any:
    return boto3.client(
        "kms",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id=key_id,
        aws_secret_access_key="fake",
        config=Config(retries={"max_attempts": retries}, read_timeout=read_timeout_s),
    )


@pytest.fixture(scope="module")
def root(kms: str) -> Iterator[Any]:
    made = client(kms)
    yield made
    made.close()


@pytest.fixture(scope="module")
def signer(kms: str) -> Iterator[Any]:
    made = client(kms, key_id=access_key_id("signer"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def battle(kms: str) -> Iterator[Any]:
    made = client(kms, key_id=access_key_id("battle"))
    yield made
    made.close()


def new_key(root: Any, **arguments: Any) -> str:
    made = root.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY", **arguments)
    return str(made["KeyMetadata"]["KeyId"])


@pytest.fixture(scope="module")
def key_id(root: Any) -> str:
    return new_key(root)


@pytest.fixture(scope="module")
def guarded_key_id(root: Any) -> str:
    return new_key(root, Policy=json.dumps(SIGNER_ONLY))


@pytest.fixture
def alias() -> str:
    return f"alias/test-{secrets.token_hex(4)}"


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_a_signature_verifies_with_the_public_key_outside_kms(root: Any, key_id: str) -> None:
    der = root.get_public_key(KeyId=key_id)["PublicKey"]
    answer = root.sign(KeyId=key_id, **SIGN)
    assert der[:12] == DER_PREFIX
    assert len(der) == 44
    assert len(answer["Signature"]) == 64
    VerifyKey(der[12:]).verify(MESSAGE, answer["Signature"])


def test_the_longest_message_is_signed_and_verified(root: Any, key_id: str) -> None:
    request = {**SIGN, "KeyId": key_id, "Message": b"x" * 4096}
    signature = root.sign(**request)["Signature"]
    assert root.verify(**request, Signature=signature)["SignatureValid"] is True


def test_a_message_type_left_out_means_raw(root: Any, key_id: str) -> None:
    short = root.sign(KeyId=key_id, Message=MESSAGE, SigningAlgorithm="ED25519_SHA_512")
    assert short["Signature"] == root.sign(KeyId=key_id, **SIGN)["Signature"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Message": b""}, "ValidationException"),
        ({"Message": b"x" * 4097}, "ValidationException"),
        ({"MessageType": "DIGEST"}, "ValidationException"),
        ({"MessageType": "EXTERNAL_MU"}, "ValidationException"),
        ({"MessageType": "HEX"}, "ValidationException"),
        ({"SigningAlgorithm": "ED25519"}, "ValidationException"),
        ({"SigningAlgorithm": "ECDSA_SHA_256"}, "InvalidKeyUsageException"),
        ({"SigningAlgorithm": "RSASSA_PSS_SHA_256"}, "InvalidKeyUsageException"),
        ({"SigningAlgorithm": "ED25519_PH_SHA_512"}, "ValidationException"),
        ({"SigningAlgorithm": "ED25519_PH_SHA_512", "MessageType": "DIGEST"}, "ValidationException"),
        ({"KeyId": "alias/none"}, "NotFoundException"),
        ({"KeyId": "4a1b5c6d-0000-0000-0000-000000000000"}, "NotFoundException"),
        ({"KeyId": f"arn:aws:kms:us-east-1:{KMS_ACCOUNT}:key/x"}, "NotFoundException"),
        ({"DryRun": True}, "DryRunOperationException"),
    ],
    ids=str,
)
def test_a_request_aws_would_not_sign_is_refused(root: Any, key_id: str, change: Any, code: str) -> None:
    assert code_of(root.sign, **{"KeyId": key_id, **SIGN, **change}) == code


def test_the_wrong_message_type_is_refused_in_the_words_of_aws(root: Any, key_id: str) -> None:
    with pytest.raises(ClientError, match="Message type DIGEST is incompatible"):
        root.sign(KeyId=key_id, **{**SIGN, "MessageType": "DIGEST"})


@pytest.mark.parametrize("signature", [b"\x00" * 64, b"short", b"\xff" * 65], ids=["zeros", "short", "long"])
def test_a_wrong_signature_is_an_error_and_not_a_false(root: Any, key_id: str, signature: bytes) -> None:
    assert code_of(root.verify, KeyId=key_id, Signature=signature, **SIGN) == "KMSInvalidSignatureException"


def test_a_signature_of_another_message_does_not_verify(root: Any, key_id: str) -> None:
    signature = root.sign(KeyId=key_id, **SIGN)["Signature"]
    request = {"KeyId": key_id, **SIGN, "Message": b"another", "Signature": signature}
    assert code_of(root.verify, **request) == "KMSInvalidSignatureException"


def test_a_disabled_key_neither_signs_nor_shows_itself_until_it_is_enabled(root: Any) -> None:
    key = new_key(root)
    root.disable_key(KeyId=key)
    assert code_of(root.sign, KeyId=key, **SIGN) == "DisabledException"
    assert code_of(root.get_public_key, KeyId=key) == "DisabledException"
    metadata = root.describe_key(KeyId=key)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Disabled", False)
    root.enable_key(KeyId=key)
    assert root.sign(KeyId=key, **SIGN)["Signature"]


def test_a_key_pending_deletion_signs_nothing_and_comes_back_disabled(root: Any) -> None:
    key = new_key(root)
    answer = root.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert answer["KeyState"] == "PendingDeletion"
    assert root.describe_key(KeyId=key)["KeyMetadata"]["DeletionDate"] == answer["DeletionDate"]
    for call in (root.enable_key, root.disable_key, root.get_public_key, root.schedule_key_deletion):
        assert code_of(call, KeyId=key) == "KMSInvalidStateException"
    assert code_of(root.sign, KeyId=key, **SIGN) == "KMSInvalidStateException"
    assert code_of(root.create_alias, AliasName="alias/x", TargetKeyId=key) == "KMSInvalidStateException"
    root.cancel_key_deletion(KeyId=key)
    assert code_of(root.sign, KeyId=key, **SIGN) == "DisabledException"
    assert code_of(root.cancel_key_deletion, KeyId=key) == "KMSInvalidStateException"


@pytest.mark.parametrize("days", [1, 6, 31])
def test_a_deletion_is_scheduled_7_to_30_days_ahead(root: Any, key_id: str, days: int) -> None:
    call = root.schedule_key_deletion
    assert code_of(call, KeyId=key_id, PendingWindowInDays=days) == "ValidationException"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"KeySpec": "ECC_NIST_EDWARDS25519"}, "ValidationException"),
        ({"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException"),
        ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException"),
        ({}, "UnsupportedOperationException"),
    ],
    ids=str,
)
def test_only_ed25519_signing_keys_are_made(root: Any, arguments: Any, code: str) -> None:
    assert code_of(root.create_key, **arguments) == code


def test_an_alias_leads_to_its_key_and_can_be_moved(root: Any, alias: str) -> None:
    first, second = new_key(root), new_key(root)
    root.create_alias(AliasName=alias, TargetKeyId=first)
    assert root.sign(KeyId=alias, **SIGN)["KeyId"].endswith(first)
    root.update_alias(AliasName=alias, TargetKeyId=second)
    arn = f"arn:aws:kms:eu-central-1:{KMS_ACCOUNT}:{alias}"
    assert root.describe_key(KeyId=arn)["KeyMetadata"]["KeyId"] == second
    [listed] = root.list_aliases(KeyId=second)["Aliases"]
    assert (listed["AliasName"], listed["AliasArn"], listed["TargetKeyId"]) == (alias, arn, second)
    root.delete_alias(AliasName=alias)
    assert code_of(root.describe_key, KeyId=alias) == "NotFoundException"
    assert {first, second} <= {key["KeyId"] for key in root.list_keys()["Keys"]}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("claim", "ValidationException"),
        ("alias/", "ValidationException"),
        ("alias/aws/x", "NotAuthorizedException"),
        ("alias/a:b", "InvalidAliasNameException"),
    ],
)
def test_a_name_that_is_no_alias_is_refused(root: Any, key_id: str, name: str, code: str) -> None:
    assert code_of(root.create_alias, AliasName=name, TargetKeyId=key_id) == code


def test_an_alias_is_neither_made_twice_nor_moved_before_it_exists(
    root: Any, key_id: str, alias: str
) -> None:
    assert code_of(root.update_alias, AliasName=alias, TargetKeyId=key_id) == "NotFoundException"
    assert code_of(root.delete_alias, AliasName=alias) == "NotFoundException"
    root.create_alias(AliasName=alias, TargetKeyId=key_id)
    assert code_of(root.create_alias, AliasName=alias, TargetKeyId=key_id) == "AlreadyExistsException"


def test_operations_on_a_keys_state_take_no_alias(root: Any, key_id: str, alias: str) -> None:
    root.create_alias(AliasName=alias, TargetKeyId=key_id)
    assert code_of(root.disable_key, KeyId=alias) == "NotFoundException"


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


def test_a_request_without_a_signature_is_refused(kms: str) -> None:
    answer = httpx.post(kms, headers={"X-Amz-Target": "TrentService.ListKeys"}, json={})
    assert (answer.status_code, answer.json()["__type"]) == (400, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("operation", ["Encrypt", "", "RetireGrant", "__init__"])
def test_an_operation_that_is_not_ours_is_refused(kms: str, operation: str) -> None:
    headers = {"X-Amz-Target": f"TrentService.{operation}", "Authorization": "Credential=AKIAFAKEROOT/x"}
    assert httpx.post(kms, headers=headers, json={}).json()["__type"] == "UnknownOperationException"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"KeyId": "x", "Message": "%"}'])
def test_a_body_that_cannot_be_read_is_refused(kms: str, body: bytes) -> None:
    headers = {"X-Amz-Target": "TrentService.Sign", "Authorization": "Credential=AKIAFAKEROOT/x"}
    assert httpx.post(kms, headers=headers, content=body).json()["__type"] == "SerializationException"


def plan(kms: str, **fault: Any) -> None:
    httpx.post(f"{kms}/_faults", json=fault).raise_for_status()


def test_a_planned_throttle_is_outlived_by_a_client_that_tries_again(kms: str, root: Any) -> None:
    plan(kms, kind="throttle", count=1)
    assert code_of(root.list_keys) == "ThrottlingException"
    plan(kms, kind="throttle", count=1)
    patient = client(kms, retries=2)
    assert patient.list_keys()["Keys"] is not None
    patient.close()


def test_a_planned_error_is_a_500(kms: str, root: Any) -> None:
    plan(kms, kind="error", count=1)
    assert code_of(root.list_keys) == "KMSInternalException"
    assert root.list_keys()["Keys"] is not None


def test_a_planned_hang_lasts_as_long_as_it_says(kms: str) -> None:
    plan(kms, kind="hang", count=1, seconds=30)
    hasty = client(kms, read_timeout_s=0.2)
    with pytest.raises(ReadTimeoutError):
        hasty.list_keys()
    started_s = time.monotonic()
    plan(kms, kind="hang", count=1, seconds=0.3)
    patient = client(kms)
    assert patient.list_keys()["Keys"] is not None
    assert time.monotonic() - started_s >= 0.3
    patient.close()
    hasty.close()


def test_planned_faults_can_be_forgotten(kms: str, root: Any) -> None:
    plan(kms, kind="error", count=5)
    plan(kms, count=0)
    assert root.list_keys()["Keys"] is not None


def test_a_fault_nobody_knows_is_refused(kms: str) -> None:
    assert httpx.post(f"{kms}/_faults", json={"kind": "melt"}).status_code == 400


def test_keys_survive_a_restart_only_in_a_private_state_file(tmp_path: Path, alias: str) -> None:
    state, log = tmp_path / "kms.json", tmp_path / "stderr.log"
    first = start_endpoint("infra.local.kms_endpoint", "--state", str(state), log=log)
    root = client(first.url)
    key, disabled = new_key(root, Policy=json.dumps(SIGNER_ONLY)), new_key(root)
    root.create_alias(AliasName=alias, TargetKeyId=key)
    root.disable_key(KeyId=disabled)
    before = root.describe_key(KeyId=alias)["KeyMetadata"]
    root.close()
    first.process.kill()
    stop_endpoint(first)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600

    second = start_endpoint("infra.local.kms_endpoint", "--state", str(state), log=log)
    root = client(second.url)
    after = root.describe_key(KeyId=alias)["KeyMetadata"]
    state_after = root.describe_key(KeyId=disabled)["KeyMetadata"]["KeyState"]
    refusal = code_of(root.sign, KeyId=alias, **SIGN)
    root.close()
    stop_endpoint(second)
    assert after == before
    assert state_after == "Disabled"
    assert refusal == "AccessDeniedException"


def test_without_a_state_file_a_restart_is_a_new_world(tmp_path: Path) -> None:
    log = tmp_path / "stderr.log"
    for _ in range(2):
        endpoint = start_endpoint("infra.local.kms_endpoint", log=log)
        root = client(endpoint.url)
        assert root.list_keys()["Keys"] == []
        new_key(root)
        root.close()
        stop_endpoint(endpoint)


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
