"""The admin function's dependencies: the operators' secrets, the whole database but the signer's part."""

from __future__ import annotations

from dataclasses import dataclass

from shared.bootstrap.edge import edge_wiring
from shared.bootstrap.stores import Stores, new_id, open_stores
from shared.bootstrap.wired import Wired
from shared.config import AdminSettings
from shared.domain.admins import OWNER_ID, Admin
from shared.ports import Clock
from shared.services.admin_login import AdminGateDesk
from shared.services.commit import Committer
from shared.wiring import EdgeWiring


@dataclass(frozen=True, slots=True)
class AdminParts:
    """The edge of the admin function, and the desks its routes work at."""

    edge: EdgeWiring
    clock: Clock
    committer: Committer
    gate: AdminGateDesk


def build_admin(settings: AdminSettings) -> AdminParts:
    """Pick the adapters of the admin function."""
    stores = open_stores("admin", runtime=settings.runtime, database=settings.database)
    gate = _gate(stores, settings)
    edge = edge_wiring(stores, cors_origins=settings.cors_origins, limiter=settings.limiter, admin_gate=gate)
    return AdminParts(edge=edge, clock=stores.clock, committer=stores.committer, gate=gate)


def _gate(stores: Stores, settings: AdminSettings) -> AdminGateDesk:
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
        tokens=HmacAdminTokens(settings.admin_jwt_secret),
        clock=stores.clock,
        new_token_id=new_id,
    )


admin_parts = Wired(AdminSettings, build_admin)
