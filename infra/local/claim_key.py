"""The claim key of the local stack, made in the local KMS under the very policy that AWS is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.local_settings import ACCOUNT, role_arn
from infra.local.serverless_file import ServiceSpec, load_yaml

_SPKI_PREFIX_BYTES = 12


def create_claim_key(service: ServiceSpec, *, kms_url: str, region: str, template: Path) -> tuple[str, bytes]:
    """Create the key of `template` (infra/aws/kms.yml); gives its id and its raw 32-byte public key."""
    properties = load_yaml(template)["Resources"]["ClaimKey"]["Properties"]
    kms = boto3.client(
        "kms",
        endpoint_url=kms_url,
        region_name=region,
        aws_access_key_id="LOCALFAKEROOT",
        aws_secret_access_key="local-fake-secret-access-key",  # noqa: S106 - opens nothing but the local endpoint
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}),
    )
    key = kms.create_key(
        KeySpec=properties["KeySpec"],
        KeyUsage=properties["KeyUsage"],
        Policy=json.dumps(_plain_policy(properties["KeyPolicy"], service)),
    )
    key_id = str(key["KeyMetadata"]["KeyId"])
    kms.create_alias(AliasName=f"alias/{service.deployed_name('claim')}", TargetKeyId=key_id)
    return key_id, bytes(kms.get_public_key(KeyId=key_id)["PublicKey"])[_SPKI_PREFIX_BYTES:]


def _plain_policy(value: Any, service: ServiceSpec) -> Any:
    """The policy with CloudFormation's functions evaluated for the local account."""
    if isinstance(value, list):
        return [_plain_policy(item, service) for item in value]
    if not isinstance(value, dict):
        return value
    if "!Sub" in value:
        return value["!Sub"].replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", ACCOUNT)
    if "!GetAtt" in value:
        return role_arn(service, value["!GetAtt"].removesuffix("Role.Arn").lower())
    return {key: _plain_policy(item, service) for key, item in value.items()}
