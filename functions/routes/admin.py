"""All routes of administrators, in the order of the documentation."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from functions.routes.admin_adjustments import admin_adjustments_router
from functions.routes.admin_admins import admin_admins_router
from functions.routes.admin_claims import admin_claims_router
from functions.routes.admin_config import admin_config_router
from functions.routes.admin_modes import admin_modes_router
from functions.routes.admin_players import admin_players_router
from functions.routes.admin_reports import admin_reports_router
from functions.routes.admin_sessions import admin_sessions_router
from shared.bootstrap.admin import AdminParts


def admin_routers(parts: Callable[[], AdminParts]) -> list[APIRouter]:
    """Each over the same dependencies."""
    return [
        admin_sessions_router(parts),
        admin_admins_router(parts),
        admin_config_router(parts),
        admin_modes_router(parts),
        admin_players_router(parts),
        admin_adjustments_router(parts),
        admin_claims_router(parts),
        admin_reports_router(parts),
    ]
