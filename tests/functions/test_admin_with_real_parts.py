"""The admin function as bootstrap builds it, over a real database and a real limiter, within its user's rights."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

import shared.adapters.mongo
from functions.edge.app import create_app
from functions.edge.lambda_entry import Handler, lambda_handler
from functions.routes.admin import admin_groups
from shared.adapters.bcrypt_passwords import BcryptPasswords
from shared.adapters.mongo_indexes import ensure_indexes
from shared.bootstrap.admin import start_admin
from shared.bootstrap.admin_desks import AdminParts
from shared.bootstrap.audit import admin_keeper
from shared.bootstrap.http_function import HttpFunction
from shared.bootstrap.stores import Stores
from shared.config.functions.admin import AdminSettings
from shared.config.parts import DatabaseSettings, RuntimeSettings
from shared.domain.adjustments import Adjustment
from shared.domain.errors import ArenaError
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, system_key
from shared.services.adjust_balances import adjust_balance, decide_proposal
from shared.services.admin_audit import Actor, RequestKey
from shared.services.keep_admins import keep_admins
from tests.at_once import at_once
from tests.conftest import UpstashRest
from tests.functions.edge_app import gateway_event
from tests.recorded_operations import RecordedOperations

EMAIL, PASSWORD = "owner@example.org", "fake password of the tests"
REASON = "because of the test"


class RealAdmin:
    """The handler, called with API Gateway events by whoever logged in last."""

    def __init__(
        self, handler: Handler, recorded: RecordedOperations, parts: HttpFunction[AdminSettings, AdminParts]
    ) -> None:
        self.handler, self.recorded, self.parts = handler, recorded, parts
        self.token = ""
        self.address = f"198.51.{secrets.randbelow(256)}.{secrets.randbelow(256)}"

    def send(
        self, method: str, path: str, body: Any = None, *, query: str = "", **headers: str
    ) -> tuple[int, Any]:
        given = {"content-type": "application/json", "idempotency-key": secrets.token_hex(8)}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given["authorization"] = f"Bearer {self.token}"
        text = None if body is None else json.dumps(body)
        event = gateway_event(method, path, headers=given, body=text, query=query, source_ip=self.address)
        answer = self.handler(event, None)
        is_json = answer["body"] and "json" in answer["headers"].get("content-type", "")
        return answer["statusCode"], json.loads(answer["body"]) if is_json else answer["body"]

    def log_in(self) -> None:
        self.token = ""
        status, answer = self.send("POST", "/api/admin/login", {"email": EMAIL, "password": PASSWORD})
        assert status == 200, answer
        self.token = answer["token"]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedOperations]:
    """Every client is named after its function, as its database user would be."""
    operations = RecordedOperations()
    clients: list[MongoClient[dict[str, Any]]] = []

    def connect(uri: str, *, app_name: str) -> MongoClient[dict[str, Any]]:
        function = app_name.removeprefix("arena-")
        client = MongoClient[dict[str, Any]](
            uri, event_listeners=[operations.listener(function)], w="majority"
        )
        clients.append(client)
        return client

    monkeypatch.setattr(shared.adapters.mongo, "connect", connect)
    yield operations
    for client in clients:
        client.close()


@pytest.fixture
def admin(
    mongo_uri: str,
    mongo_database: Database[dict[str, Any]],
    upstash: UpstashRest,
    recorded: RecordedOperations,
    event_loop_for_handlers: asyncio.AbstractEventLoop,
) -> RealAdmin:
    ensure_indexes(mongo_database)
    environment = {
        "APP_ENV": "test",
        "CORS_ORIGIN": "https://console.example",
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": mongo_database.name,
        "UPSTASH_REDIS_REST_URL": upstash.url,
        "UPSTASH_REDIS_REST_TOKEN": upstash.token,
        "ADMIN_EMAIL": EMAIL,
        "ADMIN_PASSWORD_HASH": BcryptPasswords(cost=4).hash(PASSWORD),
        "ADMIN_JWT_SECRET": "admin-secret-FAKE-FOR-TESTS-ONLY-0123456789",
    }
    parts = HttpFunction(AdminSettings, start_admin, environment=environment)
    app = create_app("admin", groups=admin_groups(parts), wiring=parts.edge)
    real = RealAdmin(lambda_handler(app, wiring=parts.edge, environment={}), recorded, parts)
    real.log_in()
    return real


@pytest.fixture
def ann(mongo_uri: str, mongo_database: Database[dict[str, Any]], admin: RealAdmin) -> str:
    """A player as the economy function would have made them."""
    committer = economy(mongo_uri, mongo_database).committer
    committer.store.create_player("tg7", now_ms=committer.clock.now_ms())
    committer.commit(
        account="tg7",
        key=system_key("tg7", "register"),
        fingerprint=SYSTEM_FINGERPRINT,
        decide=lambda _: Accepted("register", {}, changes={"alias": "Keen Otter 4821"}),
        scope=None,
    )
    return "tg7"


def economy(mongo_uri: str, mongo_database: Database[dict[str, Any]], function: str = "economy") -> Any:
    runtime = RuntimeSettings("test", "test", is_production=False, local_clock_file=None)
    return Stores(function, runtime=runtime, database=DatabaseSettings(mongo_uri, mongo_database.name))


def test_a_days_work_of_an_operator_stays_within_the_rights_of_the_database_user(
    admin: RealAdmin, ann: str, mongo_uri: str, mongo_database: Database[dict[str, Any]]
) -> None:
    player = f"/api/admin/players/{ann}"
    assert (
        admin.send("GET", "/api/admin/players", query="by=alias&text=Keen%20Otter%204821")[1]["items"][0][
            "id"
        ]
        == ann
    )
    for by, text in (("wallet", "0:" + "ab" * 32), ("referralCode", "0123456789")):
        assert admin.send("GET", "/api/admin/players", query=f"by={by}&text={text}") == (200, {"items": []})
    changed = {"changes": {"adminDailyAiba": "1000"}, "reason": REASON}
    status, answer = admin.send("PATCH", "/api/admin/config/economy", changed, if_match='"1"')
    assert (status, answer["revision"], answer["budgets"][0]["cap"]) == (200, 2, "1000")
    adjusted = {"direction": "credit", "currency": "AIBA", "amount": "400", "reason": REASON}
    status, answer = admin.send("POST", f"{player}/adjust", adjusted)
    assert (status, answer["result"]["after"]["balance"]) == (200, "400")
    assert (
        admin.send("POST", f"{player}/adjust", {**adjusted, "amount": "700"})[1]["code"]
        == "admin_cap_reached"
    )
    status, answer = admin.send("POST", f"{player}/adjust", {**adjusted, "amount": "6000"})
    assert (status, answer["state"]) == (200, "pending")
    proposal = answer["proposal"]["id"]
    assert (
        admin.send("POST", f"/api/admin/adjustments/{proposal}/reject")[1]["proposal"]["state"] == "rejected"
    )
    assert admin.send("POST", f"{player}/ban", {"scope": "all", "reason": REASON})[0] == 200
    assert admin.send("POST", f"{player}/notes", {"text": "a note"})[0] == 201
    assert admin.send("GET", player)[1]["notes"][0]["text"] == "a note"
    paused = {"switches": ["claims"], "reason": REASON}
    assert admin.send("POST", "/api/admin/pause", paused)[1]["paused"]["claims"] is True
    assert (
        admin.send("POST", "/api/admin/config/rollback", {"to": 1, "reason": REASON}, if_match='"3"')[0]
        == 200
    )
    made = {"email": "bob@example.org", "role": "viewer", "password": "another fake password"}
    status, bob = admin.send("POST", "/api/admin/admins", made)
    assert status == 201
    assert admin.send("PATCH", f"/api/admin/admins/{bob['id']}", {"isActive": False})[1]["isActive"] is False
    for path in (
        "admins",
        "adjustments",
        "claims",
        "stats",
        "emission",
        "audit",
        "config",
        "config/revisions",
    ):
        assert admin.send("GET", f"/api/admin/{path}")[0] == 200, path
    status, text = admin.send("GET", f"{player}/ledger.csv")
    assert (status, text.count("\r\n")) == (200, 6)
    assert admin.send("POST", "/api/admin/logout")[0] == 204
    assert admin.send("GET", "/api/admin/me")[1]["code"] == "session_ended"
    keep_admins(admin_keeper(economy(mongo_uri, mongo_database, "settle")))
    assert admin.recorded.outside_roles() == []


def test_eight_at_once_move_one_adjustment_and_confirm_one_proposal_once(admin: RealAdmin, ann: str) -> None:
    parts = admin.parts()
    owner = parts.gate.owner
    second = replace(owner, id="a-second")
    parts.reports.trail.open_account(second.id)

    def eight_at_once(work: Callable[[int], Any]) -> list[Any]:
        return at_once(8, lambda number: answer_or_code(lambda: work(number)))

    small = Adjustment(ann, "credit", "AIBA", 400, REASON)
    answers = eight_at_once(
        lambda _: adjust_balance(parts.adjustments, Actor(owner, "r", "a"), RequestKey("one", "f"), small)
    )
    assert len({str(answer) for answer in answers}) == 1
    large = Adjustment(ann, "credit", "AIBA", 6_000, REASON)
    proposal = adjust_balance(
        parts.adjustments, Actor(owner, "r", "a"), RequestKey("two", "f"), large
    ).answer()["id"]
    decisions = eight_at_once(
        lambda number: decide_proposal(
            parts.adjustments,
            Actor(second, "r", "a"),
            RequestKey(f"three-{number}", "f"),
            proposal_id=proposal,
            is_confirmed=True,
        )
    )
    assert [isinstance(decision, dict) for decision in decisions].count(True) == 1
    assert set(map(str, decisions)) - {str(d) for d in decisions if isinstance(d, dict)} <= {
        "proposal_decided",
        "proposal_busy",
        "account_busy",
    }
    assert parts.committer.read_player(ann).balance("AIBA") == 6_400


def answer_or_code(work: Callable[[], Any]) -> Any:
    try:
        return work().answer()
    except ArenaError as error:
        return error.code


def test_the_chain_of_the_audit_recomputes_from_the_collection_alone(
    admin: RealAdmin, ann: str, mongo_database: Database[dict[str, Any]]
) -> None:
    for _ in range(3):
        admin.send("POST", f"/api/admin/players/{ann}/notes", {"text": "a note"})
    rows = admin.parts().reports.trail.committer.store.rows_at("owner", range(1, 99))
    assert [row.kind for row in rows] == ["login"] + ["intent", "outcome"] * 3
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert mongo_database["admin_audit"].find_one({"open": 1}) is None
    stored = {document["_id"]: document["h"] for document in mongo_database["admin_audit"].find({})}
    assert stored == {row.id: row.hash for row in rows}
