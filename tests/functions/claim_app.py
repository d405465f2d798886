"""The claim function and the wallet routes over fakes, as the gateway would reach them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httpx

from functions.edge.app import create_app
from functions.routes.claims import claims_router
from functions.routes.wallet import wallet_router
from infra.local.player_wallet import PlayerWallet
from shared.adapters.ed25519 import verify
from shared.adapters.session_tokens import SessionIssuer, SessionVerifier
from shared.bootstrap.claim import ClaimParts
from shared.services.limit_requests import limit_requests
from shared.services.link_wallet import WalletDesk
from shared.wiring import EdgeWiring
from tests.fakes.limiter import FakeLimiter
from tests.fakes.wallets import FakeChallenges
from tests.functions.edge_app import PRIVATE_KEY
from tests.services.claim_world import VAULT, ClaimWorld

DOMAIN = "play.arena.example"


class ClaimApp:
    """Both applications over one world; the world's parts may be changed or broken between requests."""

    def __init__(self, world: ClaimWorld | None = None) -> None:
        self.issuer = SessionIssuer(PRIVATE_KEY)
        self.limiter = FakeLimiter()
        self.has_vault = True
        self._keys = 0
        self.enter(world or ClaimWorld())
        self.claim = create_app("claim", routers=[claims_router(self.parts)], wiring=lambda: self.edge)
        wallet = wallet_router(lambda: self.wallet_desk)
        self.economy = create_app("economy", routers=[wallet], wiring=lambda: self.edge)

    def enter(self, world: ClaimWorld) -> None:
        """Go on in another world; building the applications anew would cost more than the requests."""
        self.world = world
        self.edge = EdgeWiring(
            clock=world.clock,
            limit=partial(limit_requests, limiter=self.limiter, fallback=self.limiter),
            verify_session=SessionVerifier([self.issuer.public_key]).verify,
        )
        self.wallet_desk = WalletDesk(
            committer=world.committer,
            names=world.names,
            challenges=FakeChallenges(),
            clock=world.clock,
            verify=verify,
            domains=(DOMAIN,),
            network_id=VAULT.network,
            new_nonce=world.game.new_code,
        )

    def parts(self) -> ClaimParts:
        return ClaimParts(self.world.clock, self.world.desk if self.has_vault else None)

    def user(self, account: str) -> ClaimUser:
        return ClaimUser(self, account)

    def next_key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def send(self, method: str, path: str, **named: Any) -> httpx.Response:
        return asyncio.get_event_loop().run_until_complete(self._send(method, path, **named))

    async def _send(self, method: str, path: str, **named: Any) -> httpx.Response:
        app = self.economy if path.startswith("/api/wallet") else self.claim
        # A limit per request is the limiter's own test's business.
        self.limiter.counts.clear()
        transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://arena.test") as client:
            return await client.request(method, path, **named)


class ClaimUser:
    """One signed-in player's side of the wire."""

    def __init__(self, app: ClaimApp, account: str) -> None:
        self.app, self.id = app, account

    @property
    def headers(self) -> dict[str, str]:
        now_s = self.app.world.clock.now_ms() // 1000
        return {"authorization": f"Bearer {self.app.issuer.issue(self.id, token_id='t', now_s=now_s)[0]}"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.app.send("GET", path, headers=self.headers, params=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        headers = {**self.headers, "idempotency-key": key or self.app.next_key()}
        return self.app.send("POST", path, headers=headers, **({} if body is None else {"json": body}))

    def delete(self, path: str, *, key: str | None = None) -> httpx.Response:
        headers = {**self.headers, "idempotency-key": key or self.app.next_key()}
        return self.app.send("DELETE", path, headers=headers)

    def claim(self, amount: Any = "100", *, key: str = "k1") -> httpx.Response:
        return self.post("/api/claims", {"amount": amount}, key=key)

    def link_body(self, wallet: PlayerWallet) -> dict[str, Any]:
        challenge = self.post("/api/wallet/challenge").json()["payload"]
        now_s = self.app.world.clock.now_ms() // 1000
        proof = wallet.prove(domain=DOMAIN, challenge=challenge, now_s=now_s)
        return {"account": wallet.tonconnect_account(network_id=VAULT.network), "proof": proof}


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and the problem's code."""
    return answer.status_code, answer.json()["code"]
