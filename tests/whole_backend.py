"""All seven functions in one process, as bootstrap wires them, over the real local stores, keys and chain.

The function modules are the deployed ones: only the environment their wirings read is the test's own.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from infra.local.clock import stack_now_ms
from infra.local.local_settings import function_environments
from infra.local.routes import RouteTable
from infra.local.serverless_file import read_service
from infra.local.stack import Stack
from infra.ops.miniapp import signed_init_data
from shared.adapters import mongo, toncenter, upstash_limiter
from shared.adapters.mongo_game_configs import MongoGameConfigs
from shared.adapters.system_clock import FileOffsetClock
from shared.bootstrap.http_function import HttpFunction
from shared.bootstrap.wired import Wired
from shared.domain.game_config import GameConfig, default_config
from tests.recorded_operations import RecordedOperations

PROJECT = Path(__file__).resolve().parents[1]
SERVICE = read_service(PROJECT / "serverless.yml", stage="dev")
ROUTES = RouteTable(SERVICE)
HTTP_FUNCTIONS = ("health", "battle", "economy", "claim", "admin")
BASE_URL = "http://arena.test"
NO_LIMITS = dict.fromkeys(
    ("address", "player", "battle_run", "claim", "wallet", "admin_login_address", "admin_login_account"),
    1_000_000,
)


@dataclass
class WholeBackend:
    """Every function's own app and handler; `recorded` is what each asked of the database."""

    environments: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, str]
    clock_file: Path
    recorded: RecordedOperations = field(default_factory=RecordedOperations)

    def __post_init__(self) -> None:
        self.modules = {name: importlib.import_module(f"functions.{name}") for name in self.environments}
        self.loop = asyncio.new_event_loop()

    @property
    def database_uri(self) -> str:
        return self.environments["settle"]["MONGODB_URI"]

    @property
    def database_name(self) -> str:
        return self.environments["settle"]["MONGODB_DATABASE"]

    def now_s(self) -> int:
        return stack_now_ms(self.clock_file) // 1000

    def send(self, method: str, path: str, **named: Any) -> httpx.Response:
        """One request to whichever function the gateway would send it to; from 203.0.113.9."""
        return self.loop.run_until_complete(self._send(method, path, **named))

    async def _send(self, method: str, path: str, **named: Any) -> httpx.Response:
        url = httpx.URL(BASE_URL + path)
        match = ROUTES.match(method, url.path)
        assert match is not None
        transport = httpx.ASGITransport(app=self.modules[match.route.function].app, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url, **named)

    def sign_in(self, telegram_id: int) -> dict[str, str]:
        """The authorization header of a player's fresh session."""
        user = {"id": telegram_id, "first_name": "Ann"}
        raw = self.init_data(user)
        reply = self.send("POST", "/api/session", headers={"authorization": f"tma {raw}"})
        assert reply.status_code == 200, reply.text
        return {"authorization": f"Bearer {reply.json()['token']}"}

    def init_data(self, user: Mapping[str, Any]) -> str:
        return signed_init_data(user, bot_token=self.secrets["TELEGRAM_BOT_TOKEN"], auth_date_s=self.now_s())

    def log_in(self) -> dict[str, str]:
        """The authorization header of the owner's fresh session."""
        body = {
            "email": self.environments["admin"]["ADMIN_EMAIL"],
            "password": self.secrets["ADMIN_PASSWORD"],
        }
        reply = self.send("POST", "/api/admin/login", json=body)
        assert reply.status_code == 200, reply.text
        return {"authorization": f"Bearer {reply.json()['token']}"}

    def write_config(self, **changes: Any) -> None:
        """One more revision of the default configuration, with these changes."""
        with MongoClient[dict[str, Any]](self.database_uri) as client:
            database = client[self.database_name]
            configs = MongoGameConfigs(database, FileOffsetClock(self.clock_file))
            configs.seed(default_config())
            revision = configs.latest().revision
            changed: GameConfig = replace(default_config(), revision=revision + 1, **changes)
            assert configs.replace(changed, expected_revision=revision)

    def invoke(self, function: str, event: Mapping[str, Any] | None = None) -> Any:
        """A private function's answer."""
        return self.modules[function].handler(event or {}, None)


class _InvokeApi(BaseHTTPRequestHandler):
    """Lambda's Invoke, of the signer's handler, in this process."""

    def __init__(self, backend: WholeBackend, *arguments: Any) -> None:
        self._backend = backend
        super().__init__(*arguments)

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        payload = json.dumps(self._backend.invoke("signer", event)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: the functions have their own log."""


def wired(function: str) -> Wired[Any, Any]:
    """What holds this function's settings and everything made of them."""
    parts = getattr(importlib.import_module(f"shared.bootstrap.{function}"), f"{function}_parts")
    return parts.started if isinstance(parts, HttpFunction) else parts  # type: ignore[no-any-return]


@contextmanager
def whole_backend(stack: Stack) -> Iterator[WholeBackend]:
    """Wire the functions to a running stack's parts; every client they opened is closed at the end."""
    with pytest.MonkeyPatch.context() as patch:
        environments = function_environments(SERVICE, stack.settings)
        backend = WholeBackend(environments, stack.secrets, stack.clock_file)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_InvokeApi, backend))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environments["claim"]["LAMBDA_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
        # boto3 finds its credentials here; the signer's role is the only one that KMS is asked as.
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, environments["signer"][name])
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        opened = _remember_clients(patch, backend.recorded)
        for name in backend.modules:
            parts = wired(name)
            parts.forget()
            patch.setattr(parts, "_environment", environments[name])
            patch.setattr(parts, "_source", None)
        try:
            backend.write_config(limits=NO_LIMITS)
            yield backend
        finally:
            server.shutdown()
            server.server_close()
            for name in backend.modules:
                wired(name).forget()
            for client in opened:
                client.close()
            backend.loop.run_until_complete(backend.loop.shutdown_default_executor())
            backend.loop.close()


def _remember_clients(patch: pytest.MonkeyPatch, recorded: RecordedOperations) -> list[Any]:
    """From now on every client a function opens is remembered, and a database's is listened to by its name."""
    opened: list[Any] = []
    connect = mongo.connect

    def connect_listened(uri: str, *, app_name: str) -> MongoClient[Any]:
        listener = recorded.listener(app_name.removeprefix("arena-"))
        opened.append(connect(uri, app_name=app_name, event_listeners=[listener]))
        return opened[-1]

    def remembered(kind: type) -> Any:
        def make(**named: Any) -> Any:
            opened.append(kind(**named))
            return opened[-1]

        return make

    patch.setattr(mongo, "connect", connect_listened)
    patch.setattr(toncenter, "TonCenter", remembered(toncenter.TonCenter))
    patch.setattr(upstash_limiter, "UpstashLimiter", remembered(upstash_limiter.UpstashLimiter))
    return opened
