"""The economy function: sessions, the player's own view, ledger, daily login, referrals, wallet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.edge.route_groups import RouteGroup
from shared.bootstrap.economy import economy_parts

if TYPE_CHECKING:
    from fastapi import APIRouter


def _sessions() -> APIRouter:
    from functions.routes.sessions import sessions_router

    return sessions_router(economy_parts)


def _economy() -> APIRouter:
    from functions.routes.economy import economy_router

    return economy_router(economy_parts)


def _referrals() -> APIRouter:
    from functions.routes.referrals import referrals_router

    return referrals_router(economy_parts)


def _wallet() -> APIRouter:
    from functions.routes.wallet import wallet_router

    return wallet_router(lambda: economy_parts().wallet_desk)


GROUPS: Final = [
    RouteGroup(("/api/session",), _sessions),
    RouteGroup(("/api/economy",), _economy),
    RouteGroup(("/api/referrals",), _referrals),
    RouteGroup(("/api/wallet",), _wallet),
]
app = create_app("economy", groups=GROUPS, wiring=economy_parts.edge)
handler = lambda_handler(
    app, wiring=economy_parts.edge, forget=economy_parts.forget, load=(app.load_routes, economy_parts)
)
