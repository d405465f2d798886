"""The admin function over one fake world, called as the operators' console calls it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httpx

from functions.edge.app import create_app
from functions.routes.admin_sessions import admin_sessions_router
from shared.adapters.admin_tokens import HmacAdminTokens
from shared.adapters.bcrypt_passwords import BcryptPasswords
from shared.bootstrap.admin import AdminParts
from shared.domain.admins import OWNER_ID, Admin, Role
from shared.services.admin_login import AdminGateDesk
from shared.services.limit_requests import limit_requests
from shared.wiring import EdgeWiring
from tests.admin_fakes import FakeAdmins, FakeLoginAttempts, FakeRevokedTokens
from tests.fakes import FakeLimiter
from tests.services.game_world import GameWorld

OWNER_EMAIL = "owner@example.org"
PASSWORD = "fake password of the tests"
PASSWORDS = BcryptPasswords(cost=4)
PASSWORD_HASH = PASSWORDS.hash(PASSWORD)


class AdminApp:
    """One admin function, and a game beside it whose players it looks at."""

    def __init__(self, world: GameWorld | None = None) -> None:
        self.world = world or GameWorld()
        self.limiter = FakeLimiter()
        self.admins = FakeAdmins()
        self.gate = AdminGateDesk(
            owner=Admin(id=OWNER_ID, email=OWNER_EMAIL, role="owner", password_hash=PASSWORD_HASH),
            admins=self.admins,
            revoked=FakeRevokedTokens(),
            attempts=FakeLoginAttempts(),
            passwords=PASSWORDS,
            tokens=HmacAdminTokens("fake-admin-secret-of-the-tests-0123456789"),
            clock=self.world.clock,
            new_token_id=self.world.new_attempt,
        )
        edge = EdgeWiring(
            clock=self.world.clock,
            limit=partial(limit_requests, limiter=self.limiter, fallback=FakeLimiter(is_fallback=True)),
            limit_overrides=lambda: {"admin_login_address": 1_000, "admin_login_account": 1_000},
            admin_gate=self.gate,
        )
        self.parts = AdminParts(
            edge=edge, clock=self.world.clock, committer=self.world.committer, gate=self.gate
        )
        self.app = create_app(
            "admin", routers=[admin_sessions_router(lambda: self.parts)], wiring=lambda: self.parts.edge
        )

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
        if role == "owner" and not name:
            return Operator(self, self.log_in().json()["token"])
        email = f"{name or role}@example.org"
        if self.admins.by_email(email) is None:
            self.admins.insert(
                Admin(id=f"a-{name or role}", email=email, role=role, password_hash=PASSWORD_HASH)
            )
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
    ) -> httpx.Response:
        headers = {**self.headers, "idempotency-key": key or self.app.world.new_attempt()}
        if if_match is not None:
            headers["if-match"] = f'"{if_match}"'
        return self.app.send(method, path, headers=headers, **({} if body is None else {"json": body}))

    def post(self, path: str, body: Any = None, **named: Any) -> httpx.Response:
        return self.send("POST", path, body, **named)
