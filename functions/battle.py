"""The battle function: modes, battles, chance and its proofs, brokers, leaderboards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.routes.battles import battles_router
from functions.routes.brokers import brokers_router
from functions.routes.leaderboards import leaderboards_router
from shared.bootstrap.battle import battle_parts

if TYPE_CHECKING:
    from shared.wiring import EdgeWiring


def wiring() -> EdgeWiring:
    """The battle function's edge, ready or refusing to be."""
    return battle_parts().edge


app = create_app(
    "battle",
    routers=[battles_router(battle_parts), brokers_router(battle_parts), leaderboards_router(battle_parts)],
    wiring=wiring,
)
handler = lambda_handler(app, wiring=wiring, forget=battle_parts.forget)
