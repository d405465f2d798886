"""The claim key of the local stack, made in the local KMS under the very policy that AWS is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.local_settings import role_arn
from infra.local.serverless_file import ServiceSpec, load_yaml
from shared.domain.errors import ensure

_SPKI_PREFIX_BYTES = 12


def create_claim_key(service: ServiceSpec, *, kms_url: str, region: str, template: Path) -> tuple[str, bytes]:
    """Create the key of `template` (infra/aws/kms.yml); gives its id and its raw 32-byte public key."""
    kms = administrators_kms(kms_url, region=region)
    key = kms.create_key(**claim_key_request(template, signer_role_arn=role_arn(service, "signer")))
    key_id = str(key["KeyMetadata"]["KeyId"])
    kms.create_alias(AliasName=f"alias/{service.deployed_name('claim')}", TargetKeyId=key_id)
    return key_id, bytes(kms.get_public_key(KeyId=key_id)["PublicKey"])[_SPKI_PREFIX_BYTES:]


def administrators_kms(kms_url: str, *, region: str) -> Any:
    """A boto3 client of the local account's root."""
    return boto3.client(
        "kms",
        endpoint_url=kms_url,
        region_name=region,
        aws_access_key_id="LOCALFAKEROOT",
        aws_secret_access_key="local-fake-secret-access-key",  # noqa: S106 - opens nothing but the local endpoint
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}),
    )


def claim_key_request(template: Path, *, signer_role_arn: str) -> dict[str, str]:
    """CreateKey's KeySpec, KeyUsage and Policy as CloudFormation would make them in the account of that role."""
    properties = load_yaml(template)["Resources"]["ClaimKey"]["Properties"]
    return {
        "KeySpec": properties["KeySpec"],
        "KeyUsage": properties["KeyUsage"],
        "Policy": json.dumps(_plain_policy(properties["KeyPolicy"], signer_role_arn)),
    }


def _plain_policy(value: Any, signer_role_arn: str) -> Any:
    """The policy with CloudFormation's functions evaluated."""
    if isinstance(value, list):
        return [_plain_policy(item, signer_role_arn) for item in value]
    if not isinstance(value, dict):
        return value
    if "!Sub" in value:
        _, partition, _, _, account, _ = signer_role_arn.split(":", 5)
        text = str(value["!Sub"])
        return text.replace("${AWS::Partition}", partition).replace("${AWS::AccountId}", account)
    if "!GetAtt" in value:
        ensure(value["!GetAtt"] == "SignerRole.Arn", "the key policy names no role but the signer's")
        return signer_role_arn
    return {key: _plain_policy(item, signer_role_arn) for key, item in value.items()}
