"""The claim function's dependencies: it can reserve, ask the signer, and read the chain; it cannot sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.edge import edge_wiring
from shared.bootstrap.http_function import HttpFunction, OnDemand, Started
from shared.bootstrap.provider_outcomes import ProviderOutcomes
from shared.bootstrap.stores import Stores
from shared.config.arns import region_of
from shared.config.functions.claim import ClaimSettings
from shared.domain.errors import Unavailable

if TYPE_CHECKING:
    from shared.adapters.web_identity import WebIdentityRole
    from shared.ports.clock import Clock
    from shared.services.request_claim import ClaimDesk


@dataclass(frozen=True, slots=True)
class ClaimParts:
    """What claims need; `desk` is where they are made."""

    clock: Clock
    configured_desk: ClaimDesk | None

    @property
    def desk(self) -> ClaimDesk:
        """The desk; raises Unavailable `claims_not_configured` while no vault is set: the game runs on."""
        if self.configured_desk is None:
            raise Unavailable("Claims are not open yet", code="claims_not_configured")
        return self.configured_desk


def start_claim(settings: ClaimSettings) -> Started[ClaimParts]:
    """The edge of the claim function, and its parts on demand."""
    from shared.adapters.web_identity import request_identity

    stores = Stores("claim", runtime=settings.runtime, database=settings.database)
    provider = ProviderOutcomes()
    edge = edge_wiring(
        stores,
        cors_origins=settings.cors_origins,
        limiter=settings.limiter,
        session_public_keys=settings.session_public_keys,
        keep_identity=request_identity.set if settings.signer_role_arn is not None else None,
        provider_outcomes=provider.taken_if_asked,
    )
    return Started(edge, OnDemand(lambda: ClaimParts(stores.clock, _desk(stores, settings, provider))))


def _desk(stores: Stores, settings: ClaimSettings, provider: ProviderOutcomes) -> ClaimDesk | None:
    from shared.adapters.lambda_claim_signer import LambdaClaimSigner
    from shared.adapters.mongo_claims import MongoClaimStore
    from shared.adapters.mongo_signing import MongoSigningJournal
    from shared.bootstrap.chain import chain_of
    from shared.bootstrap.remembered_vault import RememberedVault
    from shared.bootstrap.vault import vault_identity
    from shared.services.request_claim import ClaimDesk

    if settings.vault is None:
        return None
    chain = chain_of(
        "claim",
        settings.ton_provider,
        vault=settings.vault,
        network_id=settings.ton_network_id,
        on_outcome=provider.count,
    )
    return ClaimDesk(
        committer=stores.committer,
        claims=MongoClaimStore(stores.database),
        journal=MongoSigningJournal(stores.database),
        configs=stores.configs,
        chain=RememberedVault(chain, stores.clock),
        signer=LambdaClaimSigner(
            function_name=settings.signer_function_name,
            endpoint_url=settings.lambda_endpoint_url,
            region=region_of(settings.signer_function_name),
            role=_role(settings, stores.clock),
        ),
        vault=vault_identity(settings.vault, network_id=settings.ton_network_id),
    )


def _role(settings: ClaimSettings, clock: Clock) -> WebIdentityRole | None:
    """On Vercel, the role that may invoke the signer; elsewhere the function has it by itself."""
    from shared.adapters.web_identity import WebIdentityRole

    if settings.signer_role_arn is None:
        return None
    region = region_of(settings.signer_function_name)
    return WebIdentityRole(role_arn=settings.signer_role_arn, region=region, clock=clock)


claim_parts = HttpFunction(ClaimSettings, start_claim)
