"""The admin function: operators look into the game, change its numbers and answer for it."""

from __future__ import annotations

from typing import Final

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.routes.admin import admin_groups
from shared.bootstrap.admin import admin_parts

GROUPS: Final = admin_groups(admin_parts)
app = create_app("admin", groups=GROUPS, wiring=admin_parts.edge)
handler = lambda_handler(
    app,
    wiring=admin_parts.edge,
    forget=admin_parts.forget,
    load=(app.load_routes, admin_parts),
    first_use=("bcrypt",),
)
