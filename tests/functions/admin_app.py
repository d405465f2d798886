"""The admin function over one fake world, called as the operators' console calls it."""

from __future__ import annotations

import asyncio
import functools
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI

from functions.edge.app import create_app
from functions.routes.admin import admin_groups
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.admins import Admin, Role
from shared.services.limit_requests import limit_requests
from shared.wiring import EdgeWiring
from tests.fakes.limiter import FakeLimiter
from tests.services.admin_world import OWNER_EMAIL, PASSWORD, PASSWORD_HASH, AdminWorld

_serving: list[AdminApp] = []
"""The last one made is the one whose dependencies the routes see."""


@functools.cache
def _app() -> FastAPI:
    """Built once: forty routes cost more than most tests."""
    groups = admin_groups(lambda: _serving[-1].parts)
    return create_app("admin", groups=groups, wiring=lambda: _serving[-1].edge)


class AdminApp:
    """One admin function, and a game beside it whose players it looks at."""

    def __init__(self, desks: AdminWorld | None = None) -> None:
        self.desks = desks or AdminWorld()
        self.world, self.admins, self.gate = self.desks.game, self.desks.admins, self.desks.gate
        self.limiter = FakeLimiter()
        self.edge = EdgeWiring(
            clock=self.world.clock,
            limit=partial(limit_requests, limiter=self.limiter, fallback=FakeLimiter(is_fallback=True)),
            limit_overrides=lambda: dict.fromkeys(
                ("admin_login_address", "admin_login_account", "player", "address"), 100_000
            ),
            admin_gate=self.gate,
        )
        self.parts = AdminParts(
            clock=self.world.clock,
            committer=self.world.committer,
            gate=self.gate,
            admins=self.desks.admins_desk,
            config=self.desks.config,
            players=self.desks.players,
            moderation=self.desks.moderation,
            adjustments=self.desks.adjustments,
            claims=self.desks.claims,
            reports=self.desks.reports,
        )
        self.app = _app()
        _serving.append(self)

    def send(self, method: str, path: str, **named: Any) -> httpx.Response:
        return asyncio.get_event_loop().run_until_complete(self._send(method, path, **named))

    async def _send(self, method: str, path: str, **named: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://arena.test") as client:
            return await client.request(method, path, **named)

    def log_in(self, email: str = OWNER_EMAIL, password: str = PASSWORD) -> httpx.Response:
        return self.send("POST", "/api/admin/login", json={"email": email, "password": password})

    def admin(self, role: Role = "owner", *, name: str = "") -> Operator:
        """A logged-in administrator of this role; anyone but the owner is made for the occasion."""
        email = OWNER_EMAIL if role == "owner" and not name else f"{name or role}@example.org"
        if email != OWNER_EMAIL and self.admins.by_email(email) is None:
            self.admins.insert(Admin(f"a-{name or role}", email, role, PASSWORD_HASH))
        return Operator(self, self.log_in(email).json()["token"])


class Operator:
    """A logged-in administrator's side of the wire."""

    def __init__(self, app: AdminApp, token: str) -> None:
        self.app = app
        self.token = token

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.app.send("GET", path, headers=self.headers, params=query)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        if_match: int | None = None,
        **query: Any,
    ) -> httpx.Response:
        headers = {**self.headers, "idempotency-key": key or self.app.world.new_attempt()}
        if if_match is not None:
            headers["if-match"] = f'"{if_match}"'
        body_given = {} if body is None else {"json": body}
        return self.app.send(method, path, headers=headers, params=query, **body_given)

    def post(self, path: str, body: Any = None, **named: Any) -> httpx.Response:
        return self.send("POST", path, body, **named)


def code(reply: httpx.Response) -> tuple[int, str]:
    """A refusal's status and code."""
    return reply.status_code, reply.json().get("code", reply.text)
