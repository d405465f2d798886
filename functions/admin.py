"""The admin function: operators look into the game, change its numbers and answer for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.routes.admin import admin_groups
from shared.bootstrap.admin import admin_parts

if TYPE_CHECKING:
    from shared.wiring import EdgeWiring


def wiring() -> EdgeWiring:
    """The admin function's edge, ready or refusing to be."""
    return admin_parts().edge


GROUPS: Final = admin_groups(admin_parts)
app = create_app("admin", groups=GROUPS, wiring=wiring)
handler = lambda_handler(
    app, wiring=wiring, forget=admin_parts.forget, load_routes=app.load_routes, first_use=("bcrypt",)
)
