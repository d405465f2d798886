"""The signer function's dependencies: the only builder that ever touches the claim key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.stores import Stores, new_id
from shared.bootstrap.vault import vault_identity
from shared.bootstrap.wired import Wired
from shared.config.claim_parts import KmsOracleKey, LocalOracleKey
from shared.config.functions.signer import SignerSettings
from shared.services.sign_claim import ClaimSigning

if TYPE_CHECKING:
    from shared.ports.signing import SigningKey


@dataclass(frozen=True, slots=True)
class SignerParts:
    """`signing` is None while no vault is configured: every request is then refused."""

    signing: ClaimSigning | None


def build_signer(settings: SignerSettings) -> SignerParts:
    """Pick the key's adapter and put the policy's eyes together."""
    from shared.adapters.ed25519 import verify
    from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
    from shared.adapters.mongo_signing import MongoSignerAudit, MongoSignerLimits, MongoSigningJournal

    if settings.vault is None:
        return SignerParts(None)
    stores = Stores("signer", runtime=settings.runtime, database=settings.database)
    stores.prepare()  # no event does without it, and a start has more processor than an event
    return SignerParts(
        ClaimSigning(
            committer=stores.committer,
            claims=MongoClaimStore(stores.database),
            approvals=MongoApprovalStore(stores.database),
            journal=MongoSigningJournal(stores.database),
            limits=MongoSignerLimits(stores.database),
            audit=MongoSignerAudit(stores.database),
            configs=stores.configs,
            key=_signing_key(settings.oracle_key),
            verify=verify,
            allowed=vault_identity(settings.vault, network_id=settings.ton_network_id),
            pinned_public_key=settings.vault.oracle_public_key,
            clock=stores.clock,
            new_id=new_id,
        )
    )


def _signing_key(key: KmsOracleKey | LocalOracleKey) -> SigningKey:
    if isinstance(key, KmsOracleKey):
        from shared.adapters.kms_signing_key import kms_signing_key

        return kms_signing_key(key.key_id, key.endpoint_url)
    from shared.adapters.local_signing_key import LocalSigningKey

    return LocalSigningKey(seed=key.seed)


signer_parts = Wired(SignerSettings, build_signer)
