"""boto3's clients of a KMS endpoint, keys made with them, and what they are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import KMS_ACCOUNT, role_arn

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


def new_key(root: Any, **arguments: Any) -> str:
    made = root.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY", **arguments)
    return str(made["KeyMetadata"]["KeyId"])


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])
