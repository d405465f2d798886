"""The KMS endpoint, judged by boto3: it signs what AWS signs and refuses what AWS refuses, by AWS's codes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from nacl.signing import VerifyKey

from tests.conftest import KMS_ACCOUNT
from tests.infra.kms.kms_clients import MESSAGE, SIGN, code_of

DER_PREFIX = bytes.fromhex("302a300506032b6570032100")


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
