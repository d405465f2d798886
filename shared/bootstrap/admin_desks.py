"""The desks that administrators' routes work at; the services and the whole game behind them are imported with this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.adapters.bcrypt_passwords import BcryptPasswords, cost_of
from shared.adapters.mongo_admins import MongoAdmins, MongoLoginAttempts, MongoRevokedTokens
from shared.adapters.mongo_claims import MongoApprovalStore, MongoClaimStore
from shared.adapters.mongo_proposals import MongoPlayerSearch, MongoProposals
from shared.bootstrap.audit import audit_trail
from shared.bootstrap.stores import Stores, new_id
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
    from shared.config.functions.admin import AdminSettings
    from shared.ports.admin import AdminTokens
    from shared.ports.clock import Clock
    from shared.services.admin_audit import AuditTrail
    from shared.services.commit import Committer


@dataclass(frozen=True, slots=True)
class AdminParts:
    """The desks of the admin function, and the game's ledger they look into."""

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


def admin_desks(stores: Stores, settings: AdminSettings, tokens: AdminTokens) -> AdminParts:
    """Every desk, over the same ledger and the same audit."""
    trail = audit_trail(stores)
    gate = _gate(stores, settings, tokens, trail)
    claims = MongoClaimStore(stores.database)
    moderation = PlayerDesk(stores.committer, trail)
    return AdminParts(
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


def _gate(stores: Stores, settings: AdminSettings, tokens: AdminTokens, trail: AuditTrail) -> AdminGateDesk:
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
        tokens=tokens,
        clock=stores.clock,
        new_token_id=new_id,
        record_login=trail.record_login,
    )
