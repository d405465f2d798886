"""The battle and economy functions over one fake world, called as a miniapp calls them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI

from functions.edge.app import create_app
from functions.routes.battles import battles_router
from functions.routes.brokers import brokers_router
from functions.routes.economy import economy_router
from functions.routes.leaderboards import leaderboards_router
from functions.routes.referrals import referrals_router
from functions.routes.sessions import sessions_router
from shared.adapters.ed25519 import verify
from shared.adapters.session_tokens import SessionIssuer, SessionVerifier
from shared.bootstrap.battle import BattleParts
from shared.bootstrap.economy import EconomyParts
from shared.domain.session import Session
from shared.domain.telegram_init_data import InitData, judge_init_data
from shared.services.limit_requests import limit_requests
from shared.services.link_wallet import WalletDesk
from shared.services.read_leaderboard import Leaderboards
from shared.wiring import EdgeWiring
from tests.fakes.boards import FakeBoardStore
from tests.fakes.limiter import FakeLimiter
from tests.fakes.wallets import FakeChallenges, FakeWalletNames
from tests.fakes.watermarks import FakeWatermarks
from tests.functions.edge_app import BOT_TOKEN, PRIVATE_KEY
from tests.services.game_world import GameWorld


def init_data(telegram_id: int, *, now_s: int) -> str:
    """initData as Telegram signs it, with the tests' fake bot token."""
    fields = {"auth_date": str(now_s), "user": json.dumps({"id": telegram_id, "first_name": "Ann"})}
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", BOT_TOKEN.encode(), hashlib.sha256)
    fields["hash"] = hmac.digest(secret, lines.encode(), hashlib.sha256).hex()
    return urlencode(fields)


class GameApp:
    """Requests go to whichever function serves the path, as behind the gateway."""

    def __init__(self, world: GameWorld | None = None) -> None:
        self.world = world or GameWorld()
        self.issuer = SessionIssuer(PRIVATE_KEY)
        self.limiter = FakeLimiter()
        self.edge = EdgeWiring(
            clock=self.world.clock,
            limit=partial(limit_requests, limiter=self.limiter, fallback=self.limiter),
            verify_session=SessionVerifier([self.issuer.public_key]).verify,
            judge_init_data=self._judge,
        )
        self.boards, self.watermarks = FakeBoardStore(), FakeWatermarks()
        self.battle_parts = BattleParts(
            committer=self.world.committer,
            fairness=self.world.fairness,
            leaderboards=Leaderboards(self.boards, self.watermarks, self.world.clock),
        )
        self.economy_parts = EconomyParts(
            clock=self.world.clock,
            committer=self.world.committer,
            codes=self.world.codes,
            issue_session=self._issue,
            new_referral_code=self.world.new_code,
            wallet_desk=self._wallet_desk(),
        )
        self.battle = self._battle_app()
        self.economy = self._economy_app()
        self._keys = 0

    def _battle_app(self) -> FastAPI:
        routers = [
            battles_router(lambda: self.battle_parts),
            brokers_router(lambda: self.battle_parts),
            leaderboards_router(lambda: self.battle_parts),
        ]
        return create_app("battle", routers=routers, wiring=lambda: self.edge)

    def _economy_app(self) -> FastAPI:
        routers = [
            sessions_router(lambda: self.economy_parts),
            economy_router(lambda: self.economy_parts),
            referrals_router(lambda: self.economy_parts),
        ]
        return create_app("economy", routers=routers, wiring=lambda: self.edge)

    def _wallet_desk(self) -> WalletDesk:
        return WalletDesk(
            committer=self.world.committer,
            names=FakeWalletNames(),
            challenges=FakeChallenges(),
            clock=self.world.clock,
            verify=verify,
            domains=("game.example",),
            network_id=-3,
            new_nonce=self.world.new_code,
        )

    def _judge(self, raw: str, *, now_s: int) -> InitData:
        return judge_init_data(raw, bot_token=BOT_TOKEN, max_age_s=900, now_s=now_s)

    def _issue(self, account: str) -> tuple[str, Session]:
        return self.issuer.issue(account, token_id="t", now_s=self.world.clock.now_ms() // 1000)

    def sign_in(self, telegram_id: int = 1) -> Player:
        raw = init_data(telegram_id, now_s=self.world.clock.now_ms() // 1000)
        reply = self.send("POST", "/api/session", headers={"authorization": f"tma {raw}"})
        assert reply.status_code == 200, reply.text
        return Player(self, reply.json())

    def next_key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def send(self, method: str, path: str, **named: Any) -> httpx.Response:
        return asyncio.get_event_loop().run_until_complete(self._send(method, path, **named))

    async def _send(self, method: str, path: str, **named: Any) -> httpx.Response:
        is_battle = path.startswith(("/api/battle", "/api/brokers", "/api/leaderboards"))
        app = self.battle if is_battle else self.economy
        transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://arena.test") as client:
            return await client.request(method, path, **named)


class Player:
    """A signed-in player's side of the wire."""

    def __init__(self, app: GameApp, session: dict[str, Any]) -> None:
        self.app = app
        self.session = session
        self.id = session["playerId"]

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.session['token']}"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.app.send("GET", path, headers=self.headers, params=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        headers = {**self.headers, "idempotency-key": key or self.app.next_key()}
        return self.app.send("POST", path, headers=headers, **({} if body is None else {"json": body}))

    def battle(
        self, *, broker: str = "starter", mode: str = "prediction", key: str | None = None
    ) -> httpx.Response:
        return self.post("/api/battle/run", {"brokerId": broker, "mode": mode}, key=key)
