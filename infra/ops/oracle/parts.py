"""What a rotation works on, and putting it together for a stage."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from infra.local.claim_key import claim_key_request
from infra.ops.oracle.aws_calls import asking_aws
from infra.ops.oracle.claim_keys import ClaimKeys
from infra.ops.oracle.settings_switch import OracleSettings
from infra.ops.preflight.stage import StageUnderCheck
from shared.adapters.ed25519 import verify
from shared.adapters.mongo_claims import MongoClaimStore
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.system_clock import SystemClock
from shared.adapters.toncenter import TonCenter
from shared.adapters.toncenter_chain import ToncenterChain
from shared.config.claim_parts import KmsOracleKey
from shared.domain.claims import Claim
from shared.domain.errors import Refused
from shared.domain.ton.address import Address, parse_address
from shared.domain.ton.vault_code import VAULT_CODE_HASH
from shared.ports.chain import Chain

_OPEN_CLAIMS_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RotationParts:
    """`open_claims` reads every claim whose escrow still waits; `are_claims_paused` asks the game's configuration."""

    keys: ClaimKeys
    settings: OracleSettings
    chain: Chain
    vault: Address
    network_id: int
    code_hash: str
    open_claims: Callable[[], Sequence[Claim]]
    are_claims_paused: Callable[[], bool]
    now_ms: Callable[[], int]


def is_signed_with(claim: Claim, *, public_key: str) -> bool:
    """Whether the claim's stored signature verifies under this key (64 hex)."""
    if not claim.signature:
        return False
    signature = base64.b64decode(claim.signature)
    return verify(bytes.fromhex(public_key), bytes.fromhex(claim.payload_hash), signature)


@contextmanager
def rotation_parts(stage: StageUnderCheck, *, settings: OracleSettings) -> Iterator[RotationParts]:
    """The parts of a stage, deployed or local. Raises Refused `nothing_to_rotate` where no key is in KMS."""
    settle = stage.settle()
    if settle.vault is None or not isinstance(stage.signer().oracle_key, KmsOracleKey):
        raise Refused("this stage has no vault whose claim key is in KMS", code="nothing_to_rotate")
    vault, provider = settle.vault, settle.ton_provider
    center = TonCenter(
        url=provider.url, api_key=provider.api_key, jitter=lambda: 0.5, on_outcome=lambda _: None
    )
    with asking_aws("name the signer's role"):
        role = stage.signer_role()
    request = claim_key_request(stage.project / "infra/aws/kms.yml", signer_role_arn=role)
    alias = f"alias/{stage.service.deployed_name('claim')}"
    with closing(center), closing(stage.aws("kms")) as kms, stage.database() as database:
        claims, configs = MongoClaimStore(database), MongoGameConfigs(database, SystemClock())
        yield RotationParts(
            keys=ClaimKeys(kms, request=request, alias=alias, stage=stage.name),
            settings=settings,
            chain=ToncenterChain(center, vault=vault.vault_address, jetton_master=vault.jetton_master),
            vault=parse_address(vault.vault_address, network_id=settle.ton_network_id),
            network_id=settle.ton_network_id,
            code_hash=vault.code_hash or VAULT_CODE_HASH,
            open_claims=lambda: claims.open_claims(limit=_OPEN_CLAIMS_MAX),
            are_claims_paused=lambda: configs.latest().paused.claims,
            now_ms=stage.now_ms,
        )
