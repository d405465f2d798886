"""Routes by which administrators come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.exchange import exchange_of
from functions.edge.models import RequestBody, Time, View, utc_text
from functions.edge.problems import refusals
from functions.routes.admin_access import InSession, caller_address
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.admin_session import AdminToken
from shared.domain.admins import Admin, actions_of, normal_email
from shared.domain.calendar import MS_PER_SECOND
from shared.services.admin_login import log_in, log_out

Parts = Callable[[], AdminParts]


class LoginBody(RequestBody):
    """An address and its password."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class MeView(View):
    """Who is logged in, what their role may do, and until when."""

    id: str
    email: str
    role: str
    actions: list[str]
    expires_at: Time

    @classmethod
    def of(cls, admin: Admin, token: AdminToken) -> MeView:
        """The administrator of a session."""
        return cls(
            id=admin.id,
            email=admin.email,
            role=admin.role,
            actions=list(actions_of(admin.role)),
            expires_at=utc_text(token.expires_at_s * MS_PER_SECOND),
        )


class LoginView(View):
    """A token for `Authorization: Bearer`."""

    token: str
    me: MeView


def admin_sessions_router(parts: Parts) -> APIRouter:
    """Log in, log out, who am I."""
    router = edge_router()

    @router.post(
        "/api/admin/login",
        operation_id="adminLogin",
        responses=refusals("login_refused", "login_locked", "invalid_email"),
    )
    async def login(body: LoginBody, request: Request) -> LoginView:
        """A session of one hour; few attempts per account and address."""
        logged_in = await run_blocking(
            log_in,
            parts().gate,
            email=normal_email(body.email),
            password=body.password,
            address=caller_address(request),
            request_id=exchange_of(request.scope).request_id,
        )
        return LoginView(token=logged_in.text, me=MeView.of(logged_in.admin, logged_in.token))

    @router.post("/api/admin/logout", operation_id="adminLogout", status_code=204)
    async def logout(caller: InSession) -> None:
        """End this session on every instance at once."""
        await run_blocking(log_out, parts().gate, caller.token)

    @router.get("/api/admin/me", operation_id="adminMe", responses=refusals("session_ended", "forbidden"))
    async def me(caller: InSession) -> MeView:
        """Who is logged in."""
        return MeView.of(caller.admin, caller.token)

    return router
