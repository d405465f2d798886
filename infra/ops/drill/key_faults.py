"""Faults of the claim key: an administrator changes it, the one in use or one that a rotation made."""

from __future__ import annotations

from typing import Any

from infra.local.claim_key import administrators_kms, claim_key_request
from infra.local.gateway import REGION
from infra.local.local_settings import role_arn
from infra.local.supervisor import PROJECT
from infra.ops.drill.site import Site
from infra.ops.oracle.claim_keys import ClaimKeys

_ROTATION = "drill"


def put_policy_of_key_in_use(site: Site) -> None:
    """The very policy it has: the change is what must be told, whatever it changes."""
    _put_policy(site, site.stack.settings["ORACLE_KMS_KEY_ID"])


def rotate_key(site: Site) -> None:
    """A key made as a rotation makes it, outside every stack, with the alias upon it."""
    keys = _keys(site)
    keys.name(keys.create(_ROTATION))


def put_policy_of_rotated_key(site: Site) -> None:
    """The same to the key that no template names."""
    _put_policy(site, _keys(site).create(_ROTATION))  # made already: this finds it


def name_key_in_use(site: Site) -> None:
    """The alias is back where it was."""
    _keys(site).name(site.stack.settings["ORACLE_KMS_KEY_ID"])


def _put_policy(site: Site, key_id: str) -> None:
    kms = _kms(site)
    policy = kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=policy)


def _keys(site: Site) -> ClaimKeys:
    service = site.stack.service
    request = claim_key_request(PROJECT / "infra/aws/kms.yml", signer_role_arn=role_arn(service, "signer"))
    alias = f"alias/{service.deployed_name('claim')}"
    return ClaimKeys(_kms(site), request=request, alias=alias, stage=service.stage)


def _kms(site: Site) -> Any:
    return administrators_kms(site.stack.urls["kms"], region=REGION)
