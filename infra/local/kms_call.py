"""One call to the local KMS: what is asked, by whom, of which keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.kms_keys import DISABLED, PENDING_DELETION, Key, Keyring
from infra.local.kms_policy import authorize, denied
from infra.local.kms_refusal import KmsRefusal, violated

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KmsCall:
    """`principal` is the caller's IAM ARN, `body` the request as KMS's API reference describes it."""

    operation: str
    body: Mapping[str, Any]
    principal: str
    keyring: Keyring

    @property
    def action(self) -> str:
        return f"kms:{self.operation}"

    def key_id(self, field: str = "KeyId") -> str:
        """What the request calls its key. Raises KmsRefusal (ValidationException) without one."""
        key_id = self.body.get(field)
        if not isinstance(key_id, str) or not key_id:
            raise violated(field[0].lower() + field[1:], "null", "Member must not be null")
        return key_id

    def authorize(self, key: Key, *, context: Mapping[str, str] | None = None) -> None:
        """Raises KmsRefusal (AccessDeniedException) unless the key's policy or a grant lets the caller do this."""
        authorize(
            key.policy,
            principal=self.principal,
            action=self.action,
            key_arn=self.keyring.arn(key),
            context=context or {},
            is_granted=any(
                grant["GranteePrincipal"] == self.principal and self.operation in grant["Operations"]
                for grant in key.grants.values()
            ),
        )

    def require_root(self) -> None:
        """For operations no key policy covers: locally, no role has an IAM policy that would."""
        if self.principal != self.keyring.account.root_arn:
            why = f"because no identity-based policy allows the {self.action} action"
            raise denied(self.principal, action=self.action, resource="*", why=why)

    def require_usable(self, key: Key) -> None:
        """Raises KmsRefusal unless the key is enabled."""
        if key.state == DISABLED:
            raise KmsRefusal("DisabledException", f"{self.keyring.arn(key)} is disabled.")
        self.require_not_pending_deletion(key)

    def require_not_pending_deletion(self, key: Key) -> None:
        """Raises KmsRefusal (KMSInvalidStateException) for a key that is on its way out."""
        if key.state == PENDING_DELETION:
            text = f"{self.keyring.arn(key)} is pending deletion."
            raise KmsRefusal("KMSInvalidStateException", text)
