"""The battle function: modes, battles, chance and its proofs, brokers, leaderboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.edge.route_groups import RouteGroup
from shared.bootstrap.battle import battle_parts

if TYPE_CHECKING:
    from fastapi import APIRouter

    from shared.wiring import EdgeWiring


def _battles() -> APIRouter:
    from functions.routes.battles import battles_router

    return battles_router(battle_parts)


def _brokers() -> APIRouter:
    from functions.routes.brokers import brokers_router

    return brokers_router(battle_parts)


def _leaderboards() -> APIRouter:
    from functions.routes.leaderboards import leaderboards_router

    return leaderboards_router(battle_parts)


def wiring() -> EdgeWiring:
    """The battle function's edge, ready or refusing to be."""
    return battle_parts().edge


GROUPS: Final = [
    RouteGroup(("/api/battle",), _battles),
    RouteGroup(("/api/brokers",), _brokers),
    RouteGroup(("/api/leaderboards",), _leaderboards),
]
app = create_app("battle", groups=GROUPS, wiring=wiring)
handler = lambda_handler(app, wiring=wiring, forget=battle_parts.forget, load_routes=app.load_routes)
