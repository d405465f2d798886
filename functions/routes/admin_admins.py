"""Routes of administrators: who there is, made and changed by the owner; one's own password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import IdempotentBody, Time, View
from functions.edge.problems import refusals
from functions.routes.admin_access import ChangesAdmins, InSession, ReadsAdmins, secret_request_key
from functions.routes.admin_forms import Id
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.admins import Role, normal_email
from shared.services.manage_admins import (
    AdminWish,
    change_admin,
    change_own_password,
    create_admin,
    list_admins,
)

Parts = Callable[[], AdminParts]
Password = Annotated[str, Field(min_length=1, max_length=256)]


class AdminBody(IdempotentBody):
    """A new administrator and their first password."""

    email: Annotated[str, Field(max_length=254)]
    role: Role
    password: Password


class AdminPatch(IdempotentBody):
    """What to change; whatever changes, the administrator's sessions end."""

    role: Role | None = None
    is_active: bool | None = None
    password: Password | None = None


class PasswordBody(IdempotentBody):
    """The present password and the next."""

    current: Password
    new: Password


class AdminView(View):
    """An administrator."""

    id: str
    email: str
    role: str
    is_active: bool
    created_at: Time


class AdminList(View):
    """The owner first."""

    items: list[AdminView]


def admin_admins_router(parts: Parts) -> APIRouter:
    """The administrators' routes over the admin function's dependencies."""
    router = edge_router()

    @router.get("/api/admin/admins", operation_id="adminListAdmins", responses=refusals("forbidden"))
    async def list_all(_caller: ReadsAdmins) -> AdminList:
        """Everybody who may log in, and who no longer may."""
        return AdminList.model_validate({"items": await run_blocking(list_admins, parts().admins)})

    @router.post(
        "/api/admin/admins",
        operation_id="adminCreateAdmin",
        status_code=201,
        responses=refusals("forbidden", "invalid_email", "weak_password", "email_taken", "intent_expired"),
    )
    async def create(
        body: AdminBody, request: Request, caller: ChangesAdmins, call: IdempotentCall
    ) -> AdminView:
        """A new administrator; they should change the password at once."""
        email = normal_email(body.email)
        outcome = await run_blocking(
            create_admin,
            parts().admins,
            caller.actor,
            secret_request_key(request, call, email=email, role=body.role),
            email=email,
            role=body.role,
            password=body.password,
        )
        return AdminView.model_validate(call.answer(outcome))

    @router.patch(
        "/api/admin/admins/{admin_id}",
        operation_id="adminChangeAdmin",
        responses=refusals(
            "forbidden", "weak_password", "admin_unknown", "owner_is_configured", "intent_expired"
        ),
    )
    async def change(
        admin_id: Id, body: AdminPatch, request: Request, caller: ChangesAdmins, call: IdempotentCall
    ) -> AdminView:
        """Another role, another password, closed or open again."""
        outcome = await run_blocking(
            change_admin,
            parts().admins,
            caller.actor,
            secret_request_key(request, call, role=body.role, isActive=body.is_active),
            admin_id=admin_id,
            wish=AdminWish(body.role, body.is_active, body.password),
        )
        return AdminView.model_validate(call.answer(outcome))

    @router.post(
        "/api/admin/password",
        operation_id="adminChangePassword",
        responses=refusals(
            "forbidden",
            "login_locked",
            "weak_password",
            "password_wrong",
            "owner_is_configured",
            "intent_expired",
        ),
    )
    async def change_password(
        body: PasswordBody, request: Request, caller: InSession, call: IdempotentCall
    ) -> AdminView:
        """One's own password; every session ends, this one too."""
        outcome = await run_blocking(
            change_own_password,
            parts().admins,
            caller.actor,
            secret_request_key(request, call),
            current=body.current,
            new=body.new,
        )
        return AdminView.model_validate(call.answer(outcome))

    return router
