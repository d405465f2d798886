"""Keys at the KMS endpoint: made, disabled, deleted and named as AWS does it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import KMS_ACCOUNT
from tests.infra.kms.kms_clients import SIGN, code_of, new_key


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
