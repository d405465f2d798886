"""The economy function: sessions, the player's own view, ledger, daily login, referrals, wallet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.routes.economy import economy_router
from functions.routes.referrals import referrals_router
from functions.routes.sessions import sessions_router
from functions.routes.wallet import wallet_router
from shared.bootstrap.economy import economy_parts

if TYPE_CHECKING:
    from shared.wiring import EdgeWiring


def wiring() -> EdgeWiring:
    """The economy function's edge, ready or refusing to be."""
    return economy_parts().edge


app = create_app(
    "economy",
    routers=[
        sessions_router(economy_parts),
        economy_router(economy_parts),
        referrals_router(economy_parts),
        wallet_router(lambda: economy_parts().wallet_desk),
    ],
    wiring=wiring,
)
handler = lambda_handler(app, wiring=wiring, forget=economy_parts.forget)
