"""The admin function's dependencies: the operators' secrets, the whole database but the signer's part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.audit import audit_trail
from shared.bootstrap.edge import edge_wiring
from shared.bootstrap.stores import Stores, new_id, open_stores
from shared.bootstrap.wired import Wired
from shared.config.functions.admin import AdminSettings
from shared.domain.admins import OWNER_ID, Admin
from shared.services.adjust_balances import AdjustmentDesk
from shared.services.admin_login import AdminGateDesk
from shared.services.change_config import ConfigDesk
from shared.services.decide_claims import ClaimsDesk
from shared.services.find_players import PlayerViews
from shared.services.manage_admins import AdminsDesk
from shared.services.moderate_player import PlayerDesk
from shared.services.read_reports import ReportDesk

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.services.admin_audit import AuditTrail
    from shared.services.commit import Committer
    from shared.wiring import EdgeWiring


@dataclass(frozen=True, slots=True)
class AdminParts:
    """The edge of the admin function, and the desks its routes work at."""

    edge: EdgeWiring
    clock: Clock
    committer: Committer
    gate: AdminGateDesk
    admins: AdminsDesk
    config: ConfigDesk
    players: PlayerViews
    moderation: PlayerDesk
    adjustments: AdjustmentDesk
    claims: ClaimsDesk
    reports: ReportDesk

    def close(self) -> None:
        """Give up every connection: before a snapshot, after a restore."""
        self.edge.close()


def build_admin(settings: AdminSettings) -> AdminParts:
    """Pick the adapters of the admin function."""
    from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
    from shared.adapters.mongo_proposals import MongoPlayerSearch, MongoProposals

    stores = open_stores("admin", runtime=settings.runtime, database=settings.database)
    trail = audit_trail(stores)
    gate = _gate(stores, settings, trail)
    claims = MongoClaimStore(stores.database)
    moderation = PlayerDesk(stores.committer, trail)
    return AdminParts(
        edge=edge_wiring(
            stores, cors_origins=settings.cors_origins, limiter=settings.limiter, admin_gate=gate
        ),
        clock=stores.clock,
        committer=stores.committer,
        gate=gate,
        admins=AdminsDesk(gate, trail),
        config=ConfigDesk(stores.configs, stores.committer.store, trail),
        players=PlayerViews(stores.committer, MongoPlayerSearch(stores.database), claims),
        moderation=moderation,
        adjustments=AdjustmentDesk(moderation, MongoProposals(stores.database)),
        claims=ClaimsDesk(claims, claims, MongoApprovalStore(stores.database), trail),
        reports=ReportDesk(stores.committer, claims, trail),
    )


def _gate(stores: Stores, settings: AdminSettings, trail: AuditTrail) -> AdminGateDesk:
    from shared.adapters.admin_tokens import HmacAdminTokens
    from shared.adapters.bcrypt_passwords import BcryptPasswords, cost_of
    from shared.adapters.mongo_admins import MongoAdmins, MongoLoginAttempts, MongoRevokedTokens

    return AdminGateDesk(
        owner=Admin(
            id=OWNER_ID,
            email=settings.admin_email.strip().lower(),
            role="owner",
            password_hash=settings.admin_password_hash,
        ),
        admins=MongoAdmins(stores.database),
        revoked=MongoRevokedTokens(stores.database),
        attempts=MongoLoginAttempts(stores.database),
        passwords=BcryptPasswords(cost=cost_of(settings.admin_password_hash)),
        tokens=HmacAdminTokens(settings.admin_jwt_secrets),
        clock=stores.clock,
        new_token_id=new_id,
        record_login=trail.record_login,
    )


admin_parts = Wired(AdminSettings, build_admin)
