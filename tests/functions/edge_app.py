"""A small function on the edge, and its wiring, as the edge's own tests need them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI

from functions.edge.app import create_app, edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.lambda_entry import lambda_handler
from functions.edge.models import Amount, IdempotentBody, RequestBody, View
from functions.edge.telegram_login import TelegramLogin
from shared.adapters.session_tokens import SessionIssuer, SessionVerifier
from shared.bootstrap.provider_outcomes import ProviderOutcomes
from shared.domain.errors import Refused
from shared.domain.telegram_init_data import InitData, judge_init_data
from shared.services.limit_requests import limit_requests
from shared.wiring import EdgeWiring, Limit, PlatformIdentity
from tests.fakes.clock import FakeClock
from tests.fakes.limiter import FakeLimiter

BOT_TOKEN = "7342037359:AAHI0D2mUpYh3cQ1Yt-FAKE-FOR-TESTS-ONLY"
ORIGIN = "https://game.example"
PRIVATE_KEY = bytes(range(32))  # fake, for tests only


class RunBody(IdempotentBody):
    broker_id: str
    amount: Amount = "1"
    note: str = ""


class LoginBody(RequestBody):
    email: str


class RunView(View):
    player_id: str
    broker_id: str


@dataclass(frozen=True)
class RecordedAnswer:
    """Like services.commit.Outcome: what was answered, and whether it was answered before."""

    broker_id: str
    is_replay: bool

    def answer(self) -> dict[str, Any]:
        if self.broker_id == "tired":
            extra = {"nextEnergyAt": "2026-11-22T10:00:00.000Z", "isReplay": self.is_replay}
            raise Refused("The broker has no energy", code="no_energy", extra=extra)
        return {"playerId": "ann", "brokerId": self.broker_id}


@dataclass
class Game:
    """What the routes call; `answers` remembers keys, `failure` is raised instead of answering."""

    answers: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    failure: BaseException | None = None

    def run(self, player_id: str, *, broker_id: str, key: str, fingerprint: str) -> RecordedAnswer:
        self.calls.append(player_id)
        self.threads.append(threading.get_ident())
        if self.failure is not None:
            raise self.failure
        is_replay = (
            self.answers.setdefault(key, fingerprint) == fingerprint and self.calls.count(player_id) > 1
        )
        return RecordedAnswer(broker_id, is_replay)


def limit_with(limiter: FakeLimiter, fallback: FakeLimiter | None = None) -> Limit:
    """The limiting service over fake limiters."""
    return partial(limit_requests, limiter=limiter, fallback=fallback or FakeLimiter(is_fallback=True))


@dataclass
class EdgeUnderTest:
    """One app with the parts a test looks at or breaks."""

    clock: FakeClock = field(default_factory=FakeClock)
    limiter: FakeLimiter = field(default_factory=FakeLimiter)
    fallback: FakeLimiter = field(default_factory=lambda: FakeLimiter(is_fallback=True))
    game: Game = field(default_factory=Game)
    overrides: dict[str, int] = field(default_factory=dict)
    address_header: str = ""
    identity: PlatformIdentity | None = None
    provider: ProviderOutcomes = field(default_factory=ProviderOutcomes)
    not_ready: BaseException | None = None
    issuer: SessionIssuer = field(default_factory=lambda: SessionIssuer(PRIVATE_KEY))

    def __post_init__(self) -> None:
        self.app = self._app()
        self.handler = lambda_handler(self.app, wiring=self.wiring, environment={})

    def wiring(self) -> EdgeWiring:
        if self.not_ready is not None:
            raise self.not_ready
        return EdgeWiring(
            clock=self.clock,
            cors_origins=frozenset({ORIGIN}),
            limit=limit_with(self.limiter, self.fallback),
            limit_overrides=lambda: self.overrides,
            verify_session=SessionVerifier([self.issuer.public_key]).verify,
            judge_init_data=self._judge,
            address_header=self.address_header,
            identity=self.identity,
            provider_outcomes=self.provider.taken_if_asked,
        )

    def _judge(self, raw: str, *, now_s: int) -> InitData:
        return judge_init_data(raw, bot_token=BOT_TOKEN, max_age_s=900, now_s=now_s)

    def token(self, player_id: str = "ann") -> str:
        return self.issuer.issue(player_id, token_id="t1", now_s=self.clock.now_ms() // 1000)[0]

    def bearer(self, player_id: str = "ann") -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(player_id)}"}

    def call(self, method: str, path: str, **named: Any) -> httpx.Response:
        """One request through the ASGI application, from 203.0.113.9."""
        return asyncio.get_event_loop().run_until_complete(self.send(method, path, **named))

    async def send(self, method: str, path: str, **named: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://arena.test") as client:
            return await client.request(method, path, **named)

    def run(
        self, body: Any = None, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST /api/battle/run by ann with key k1, unless told otherwise."""
        given = {
            **self.bearer(),
            "idempotency-key": "k1",
            "content-type": "application/json",
            **(headers or {}),
        }
        sent = json.dumps(body or {"brokerId": "b1"}).encode() if content is None else content
        return self.call("POST", "/api/battle/run", content=sent, headers=given)

    def _app(self) -> FastAPI:
        router = edge_router()
        game = self.game

        @router.post("/api/battle/run", operation_id="runBattle")
        async def run_battle(body: RunBody, player: CurrentPlayer, call: IdempotentCall) -> RunView:
            outcome = await run_blocking(
                game.run, player.id, broker_id=body.broker_id, key=call.key, fingerprint=call.fingerprint
            )
            return RunView.model_validate(call.answer(outcome))

        @router.post("/api/economy/daily", operation_id="daily")
        async def daily(player: CurrentPlayer, call: IdempotentCall) -> dict[str, str]:
            return {"playerId": player.id, "key": call.key, "fingerprint": call.fingerprint}

        @router.post("/api/claims", operation_id="createClaim")
        async def claim(player: CurrentPlayer) -> dict[str, str]:
            return {"playerId": player.id}

        @router.get("/api/claims", operation_id="listClaims")
        async def claims(player: CurrentPlayer, limit: int = 20) -> dict[str, str]:
            return {"playerId": player.id, "limit": str(limit)}

        @router.get("/api/battle/modes", operation_id="listModes")
        async def modes() -> dict[str, str]:
            return {}

        @router.post("/api/session", operation_id="createSession")
        async def session(login: TelegramLogin) -> dict[str, str]:
            return {"telegramId": str(login.user.id)}

        @router.post("/api/admin/login", operation_id="login")
        async def login(body: LoginBody) -> dict[str, str]:
            return {}

        return create_app("test", routers=[router], wiring=self.wiring)


def gateway_event(
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    query: str = "",
    source_ip: str = "198.51.100.7",
) -> dict[str, Any]:
    """An API Gateway HTTP API event, payload format 2.0, as AWS documents it."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "arena.test", **(headers or {})},
        "requestContext": {
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def document_of(answer: Mapping[str, Any]) -> Any:
    """The JSON body of a Lambda answer."""
    return json.loads(answer["body"])
