"""The battle function: modes, battles, chance and its proofs, brokers, leaderboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.edge.route_groups import RouteGroup
from shared.bootstrap.battle import battle_parts

if TYPE_CHECKING:
    from fastapi import APIRouter


def _battles() -> APIRouter:
    from functions.routes.battles import battles_router

    return battles_router(battle_parts)


def _brokers() -> APIRouter:
    from functions.routes.brokers import brokers_router

    return brokers_router(battle_parts)


def _leaderboards() -> APIRouter:
    from functions.routes.leaderboards import leaderboards_router

    return leaderboards_router(battle_parts)


GROUPS: Final = [
    RouteGroup(("/api/battle",), _battles),
    RouteGroup(("/api/brokers",), _brokers),
    RouteGroup(("/api/leaderboards",), _leaderboards),
]
app = create_app("battle", groups=GROUPS, wiring=battle_parts.edge)
handler = lambda_handler(
    app, wiring=battle_parts.edge, forget=battle_parts.forget, load=(app.load_routes, battle_parts)
)
