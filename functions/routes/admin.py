"""All routes of administrators, in the order of the documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from functions.edge.route_groups import RouteGroup

if TYPE_CHECKING:
    from fastapi import APIRouter

    from shared.bootstrap.admin_desks import AdminParts

    Parts = Callable[[], AdminParts]


def admin_groups(parts: Parts) -> list[RouteGroup]:
    """Each over the same dependencies."""
    return [
        _group(lambda: _sessions(parts), "login", "logout", "me"),
        _group(lambda: _admins(parts), "admins", "password"),
        _group(lambda: _config(parts), "config", "limits", "pause", "resume"),
        _group(lambda: _modes(parts), "modes"),
        _group(lambda: _players(parts), "players"),
        _group(lambda: _adjustments(parts), "adjustments", "players"),
        _group(lambda: _claims(parts), "claims"),
        _group(lambda: _reports(parts), "audit", "emission", "emission.csv", "players", "stats"),
    ]


def _group(load: Callable[[], APIRouter], *below: str) -> RouteGroup:
    return RouteGroup(tuple(f"/api/admin/{name}" for name in below), load)


def _sessions(parts: Parts) -> APIRouter:
    from functions.routes.admin_sessions import admin_sessions_router

    return admin_sessions_router(parts)


def _admins(parts: Parts) -> APIRouter:
    from functions.routes.admin_admins import admin_admins_router

    return admin_admins_router(parts)


def _config(parts: Parts) -> APIRouter:
    from functions.routes.admin_config import admin_config_router

    return admin_config_router(parts)


def _modes(parts: Parts) -> APIRouter:
    from functions.routes.admin_modes import admin_modes_router

    return admin_modes_router(parts)


def _players(parts: Parts) -> APIRouter:
    from functions.routes.admin_players import admin_players_router

    return admin_players_router(parts)


def _adjustments(parts: Parts) -> APIRouter:
    from functions.routes.admin_adjustments import admin_adjustments_router

    return admin_adjustments_router(parts)


def _claims(parts: Parts) -> APIRouter:
    from functions.routes.admin_claims import admin_claims_router

    return admin_claims_router(parts)


def _reports(parts: Parts) -> APIRouter:
    from functions.routes.admin_reports import admin_reports_router

    return admin_reports_router(parts)
