"""The running stack a drill breaks: one player ready to be paid, the database, the chain, and quiet traffic."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

import httpx
from pymongo import MongoClient
from pymongo.database import Database
from typing_extensions import override

from infra.local.chain_client import ChainClient
from infra.local.function_calls import FunctionFailed
from infra.local.stack import Stack
from infra.local.world import World
from infra.ops.journey.journey import Journey
from infra.ops.miniapp import Miniapp
from infra.ops.story import Story
from shared.services.register_player import account_of

Documents = Database[dict[str, Any]]
HOUR_S: Final = 3_700


class _Silent(Story):
    """A story nobody hears: the drill tells its own."""

    @override
    def step(self, name: str, evidence: Mapping[str, Any]) -> None:
        return


class Site:
    """What faults need in hand; requests have a new key each time, so that nothing is a replay."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.journey = Journey(stack, _Silent(as_json=False), telegram_id=100_000 + secrets.randbelow(10**8))
        self.player = self.journey.player
        self.http = httpx.Client(base_url=stack.urls["gateway"], timeout=35)
        self.mongo: MongoClient[dict[str, Any]] = MongoClient(stack.settings["MONGODB_URI"])
        self.database: Documents = self.mongo[stack.settings["MONGODB_DATABASE"]]
        self.paid_claim_id = ""
        self._changed: list[tuple[str, dict[str, Any]]] = []
        self.chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])

    @property
    def world(self) -> World:
        assert self.stack.world is not None  # noqa: S101 - a started stack has one
        return self.stack.world

    def prepare(self) -> None:
        """One player with a broker, a wallet past its cool-down and one paid claim; everything is warm."""
        play, claims = self.journey.play, self.journey.claims
        for step in (play.sign_in, play.take_starter, play.battle, claims.link_wallet):
            step()
        self.run_settle()
        for step in (claims.wait_for_cooldown, claims.request_claim, claims.send_claim):
            step()
        self.run_settle()
        self.paid_claim_id = claims.claim_id
        self.quiet_minute()

    def sign_in(self) -> None:
        """The clock has moved: a new session."""
        self.player.app.sign_in(now_s=self.stack.now_ms() // 1000)

    def newcomer(self) -> str:
        """The account of somebody who signs in for the first time."""
        telegram_id = 200_000_000 + secrets.randbelow(10**8)
        user = {"id": telegram_id, "first_name": "New"}
        app = Miniapp(self.stack.urls["gateway"], self.stack.secrets["TELEGRAM_BOT_TOKEN"], user)
        app.sign_in(now_s=self.stack.now_ms() // 1000)
        app.close()
        return account_of(telegram_id)

    def ensure_open_claim(self) -> str:
        """The id of a signed claim that waits for its player; a reserved one is signed, else one is made."""
        self.sign_in()
        found = self.database["claims"].find_one({"open": 1})
        claim_id = str(found["_id"] if found else self.claim()["id"])
        self.invoke("signer", {"claimId": claim_id})
        return claim_id

    def change(self, collection: str, document_id: str, changes: Mapping[str, Any]) -> None:
        """Change one document behind everybody's back, and remember it as it was."""
        documents = self.database[collection]
        former = documents.find_one({"_id": document_id})
        assert former is not None, f"{collection} has {document_id}"  # noqa: S101 - the drill's own world
        self._changed.append((collection, former))
        documents.update_one({"_id": document_id}, {"$set": dict(changes)})

    def put_back(self) -> None:
        """Every document that was changed is as it was."""
        while self._changed:
            collection, former = self._changed.pop()
            self.database[collection].replace_one({"_id": former["_id"]}, former)

    def close(self) -> None:
        """Let go of every connection."""
        self.journey.close()
        self.http.close()
        self.mongo.close()

    def get(self, path: str) -> int:
        """The status of one request without a session."""
        return self.http.get(path).status_code

    def battle(self) -> httpx.Response:
        """One battle by the player; energy may be lacking, which is no fault."""
        body = {"brokerId": self.player.broker, "mode": "prediction"}
        return self.player.app.call("POST", "/api/battle/run", body, key=secrets.token_hex(8))

    def claim(self) -> Any:
        """A new claim, signed at once."""
        return self.player.app.call("POST", "/api/claims", {"amount": "10"}, key=secrets.token_hex(8)).json()

    def run_settle(self) -> None:
        """The schedule's minute; a run that fails has said so in its metrics."""
        self.invoke("settle")

    def probe(self) -> None:
        """The schedule's question to /health/ready."""
        self.invoke("health", self.stack.service.functions["health"].scheduled_event)

    def invoke(self, function: str, event: Any = None) -> Any:
        """Invoke a function whatever comes of it."""
        try:
            return self.stack.invoke(function, event)
        except FunctionFailed as failure:
            return failure.error

    def players_only(self) -> None:
        """Players alone: nothing asks for readiness and nothing settles."""
        self.player.app.call("GET", "/api/economy/me")

    def quiet_minute(self) -> None:
        """What a minute without faults looks like: players, the probe and the schedule."""
        for path in ("/health", "/api/battle/modes", "/api/economy/me", "/api/claims"):
            self.player.app.call("GET", path)
        self.battle()
        self.probe()
        self.run_settle()

    def quiet_minute_an_hour_later(self) -> None:
        """The same when the hourly audit is due."""
        self.stack.advance_clock(HOUR_S)
        self.sign_in()
        self.quiet_minute()
