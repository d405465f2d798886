"""The claim keys of a stage in KMS, as an administrator sees them: made, named, disabled, never used to sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from infra.ops.oracle.aws_calls import asking_aws
from shared.adapters.kms_signing_key import SPKI_PREFIX
from shared.domain.errors import Refused, ensure

_KEY_BYTES: Final = 32


class ClaimKeys:
    """`kms` is a boto3 client; `request` is what CreateKey is given (spec, usage, policy); `alias` names the key in use.

    Every method raises Refused `aws_refused` or Unavailable `aws_unavailable`.
    """

    def __init__(self, kms: Any, *, request: Mapping[str, str], alias: str, stage: str) -> None:
        self._kms = kms
        self._request = request
        self._alias = alias
        self._stage = stage

    def real_id(self, key_id: str) -> str:
        """The id behind an id, an ARN or an alias: what an alias names changes, an id does not."""
        with asking_aws("describe the claim key"):
            return str(self._kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyId"])

    def state(self, key_id: str) -> str:
        """`Enabled`, `Disabled` or `PendingDeletion`."""
        with asking_aws("describe the claim key"):
            return str(self._kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"])

    def public_key(self, key_id: str) -> str:
        """64 hex; also InvariantBroken when it is not a plain Ed25519 key (RFC 8410)."""
        with asking_aws("read the public key"):
            encoded = bytes(self._kms.get_public_key(KeyId=key_id)["PublicKey"])
        is_ed25519 = encoded.startswith(SPKI_PREFIX) and len(encoded) == len(SPKI_PREFIX) + _KEY_BYTES
        ensure(is_ed25519, "the claim key is an Ed25519 key")
        return encoded[len(SPKI_PREFIX) :].hex()

    def create(self, rotation_id: str) -> str:
        """The key of this rotation: the one made before an interruption, or else a new one."""
        description = f"Signs reward claims for the AIBA Arena vault ({self._stage}), rotation {rotation_id}"
        made = self._find(description)
        if made is not None:
            return made
        with asking_aws("create the new claim key"):
            answer = self._kms.create_key(Description=description, **self._request)
        return str(answer["KeyMetadata"]["KeyId"])

    def disable(self, key_id: str) -> None:
        """Stop it from signing; an administrator can enable it again."""
        with asking_aws("disable the old claim key"):
            self._kms.disable_key(KeyId=key_id)

    def restore_policy(self, key_id: str) -> list[str]:
        """Give it the policy of the template, then end every grant; the ended grants, by who held them.

        In this order: the former policy may not have let an administrator see the grants.
        """
        with asking_aws("replace the claim key's policy"):
            self._kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=self._request["Policy"])
        with asking_aws("list the claim key's grants"):
            pages = self._kms.get_paginator("list_grants").paginate(KeyId=key_id)
            grants = [grant for page in pages for grant in page["Grants"]]
        for grant in grants:
            with asking_aws("revoke a grant"):
                self._kms.revoke_grant(KeyId=key_id, GrantId=grant["GrantId"])
        return [f"{grant['GranteePrincipal']}: {', '.join(grant['Operations'])}" for grant in grants]

    def name(self, key_id: str) -> None:
        """Point the stage's alias at the key; a stage that has none gets it."""
        try:
            with asking_aws("point the alias at the new claim key"):
                self._kms.update_alias(AliasName=self._alias, TargetKeyId=key_id)
        except Refused as refused:
            if refused.extra["aws"] != "NotFoundException":
                raise
            with asking_aws("name the new claim key"):
                self._kms.create_alias(AliasName=self._alias, TargetKeyId=key_id)

    def _find(self, description: str) -> str | None:
        with asking_aws("list keys"):
            found = [
                key["KeyId"]
                for page in self._kms.get_paginator("list_keys").paginate()
                for key in page["Keys"]
            ]
        return next((key_id for key_id in found if self._description(key_id) == description), None)

    def _description(self, key_id: str) -> str:
        try:
            with asking_aws("describe a key"):
                return str(self._kms.describe_key(KeyId=key_id)["KeyMetadata"].get("Description", ""))
        except Refused:  # a key of somebody else's, which we may not even look at
            return ""
