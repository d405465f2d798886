"""The admin function's dependencies: the operators' secrets, the whole database but the signer's part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.edge import edge_wiring
from shared.bootstrap.http_function import HttpFunction, OnDemand, Started
from shared.bootstrap.stores import Stores
from shared.config.functions.admin import AdminSettings

if TYPE_CHECKING:
    from shared.bootstrap.admin_desks import AdminParts
    from shared.domain.admin_session import AdminToken
    from shared.domain.admins import Action, Admin
    from shared.ports.admin import AdminTokens


@dataclass(frozen=True, slots=True)
class GateOnDemand:
    """wiring.AdminGate: a token that is not valid is refused before there is a desk."""

    tokens: AdminTokens
    parts: Callable[[], AdminParts]

    def read_token(self, text: str, *, now_s: int) -> AdminToken:
        return self.tokens.read(text, now_s=now_s)

    def admit(self, token: AdminToken, action: Action) -> Admin:
        return self.parts().gate.admit(token, action)


def start_admin(settings: AdminSettings) -> Started[AdminParts]:
    """The edge of the admin function, and its desks on demand."""
    from shared.adapters.admin_tokens import HmacAdminTokens

    stores = Stores("admin", runtime=settings.runtime, database=settings.database)
    tokens = HmacAdminTokens(settings.admin_jwt_secrets)

    def desks() -> AdminParts:
        from shared.bootstrap.admin_desks import admin_desks

        return admin_desks(stores, settings, tokens)

    parts = OnDemand(desks)
    edge = edge_wiring(
        stores,
        cors_origins=settings.cors_origins,
        limiter=settings.limiter,
        admin_gate=GateOnDemand(tokens, parts),
    )
    return Started(edge, parts)


admin_parts = HttpFunction(AdminSettings, start_admin)
