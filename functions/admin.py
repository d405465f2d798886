"""The admin function: operators look into the game, change its numbers and answer for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.routes.admin import admin_routers
from shared.bootstrap.admin import admin_parts

if TYPE_CHECKING:
    from shared.wiring import EdgeWiring


def wiring() -> EdgeWiring:
    """The admin function's edge, ready or refusing to be."""
    return admin_parts().edge


app = create_app("admin", routers=admin_routers(admin_parts), wiring=wiring)
handler = lambda_handler(app, wiring=wiring, forget=admin_parts.forget, first_use=("bcrypt",))
