"""What the functions really ask of the database stays inside what their users may do, and never scans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from infra.local.chain_client import ChainClient
from infra.local.player_wallet import PlayerWallet
from infra.local.stack import Stack, running_stack
from infra.mongo.high_volume_queries import HIGH_VOLUME_QUERIES
from shared.adapters.mongo_indexes import INDEXES
from shared.config.declarations import FUNCTIONS
from tests.whole_backend import WholeBackend, whole_backend

DAY_S = 24 * 3600
READ_WHOLE = {
    "admin finds admins by nothing": "administrators are few, and listing them is all there is to do with them",
    "settle finds budget by nothing": "the hourly audit adds up every shard",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(
        Stack(tmp_path_factory.mktemp("roles"), functions=("health",), schedule_every_s=0)
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def backend(stack: Stack) -> Iterator[WholeBackend]:
    with whole_backend(stack) as backend:
        play(backend, stack)
        yield backend


def play(backend: WholeBackend, stack: Stack) -> None:
    """Two players, an administrator and the schedule use everything that touches the database."""
    player = Caller(backend, backend.sign_in(1))
    friend = Caller(backend, backend.sign_in(2))
    broker = player.post("/api/brokers/starter")["broker"]["id"]
    player.post("/api/battle/run", {"brokerId": broker, "mode": "prediction"})
    battle = player.get("/api/battle/battles")["items"][0]["id"]
    for path in (
        f"/api/battle/battles/{battle}",
        f"/api/battle/battles/{battle}/proof",
        "/api/battle/fairness",
    ):
        player.get(path)
    for path in ("train", "repair", "upgrade", "combine"):
        player.post(f"/api/brokers/{broker}/{path}", {}, is_refusal_fine=True)
    player.post("/api/economy/daily")
    player.post("/api/brokers", {"catalogueId": "basic"}, is_refusal_fine=True)
    code = player.get("/api/referrals/me").get("code", "0123456789")
    friend.post("/api/referrals/use", {"code": code}, is_refusal_fine=True)
    for path in ("/api/economy/me", "/api/economy/ledger", "/api/economy/config", "/api/leaderboards/score"):
        player.get(path, is_refusal_fine=True)
    claim(backend, stack, player)
    operate(backend)
    backend.invoke("settle")


def claim(backend: WholeBackend, stack: Stack, player: Caller) -> None:
    """Link a wallet, wait for its cool-down, claim, and let the chain pay."""
    wallet = PlayerWallet()
    challenge = player.post("/api/wallet/challenge")["payload"]
    proof = wallet.prove(
        domain=stack.settings["WALLET_PROOF_DOMAINS"], challenge=challenge, now_s=backend.now_s()
    )
    assert stack.world is not None
    account = wallet.tonconnect_account(network_id=stack.world.network_id)
    player.post("/api/wallet", {"account": account, "proof": proof})
    stack.advance_clock(DAY_S + 60)
    player.headers = backend.sign_in(1)
    signed = player.post("/api/claims", {"amount": "10"})
    assert signed["state"] == "signed"
    chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])
    wallet.fund(chain, nano=2_000_000_000)
    wallet.send_transaction(chain, signed["transaction"])
    for path in ("/api/claims", f"/api/claims/{signed['id']}", "/api/vault"):
        player.get(path)


def operate(backend: WholeBackend) -> None:
    """The owner looks at everything the document lists and changes a little."""
    owner = Caller(backend, backend.log_in())
    for path in admin_reads():
        owner.get(path.replace("{account}", "tg1").replace("{number}", "1"), is_refusal_fine=True)
    owner.post("/api/admin/players/tg2/notes", {"text": "seen", "reason": "seen"}, is_refusal_fine=True)
    owner.post("/api/admin/players/tg2/ban", {"scope": "all", "reason": "test"}, is_refusal_fine=True)
    owner.post("/api/admin/logout")
    for path in ("/health", "/health/ready"):
        assert backend.send("GET", path).status_code == 200
    token = {"authorization": f"Bearer {backend.secrets['METRICS_TOKEN']}"}
    assert backend.send("GET", "/metrics", headers=token).status_code == 200


def admin_reads() -> list[str]:
    """Every GET of the admin function."""
    from infra.ops.openapi.merged import merged_document

    document = merged_document()
    return [
        path
        for path, operations in document["paths"].items()
        if path.startswith("/api/admin/") and "get" in operations
    ]


class Caller:
    """Somebody with a token; every request has a key of its own."""

    def __init__(self, backend: WholeBackend, headers: dict[str, str]) -> None:
        self.backend = backend
        self.headers = headers
        self._keys = 0

    def get(self, path: str, *, is_refusal_fine: bool = False) -> dict[str, Any]:
        return self._answer(self.backend.send("GET", path, headers=self.headers), is_refusal_fine)

    def post(self, path: str, body: Any = None, *, is_refusal_fine: bool = False) -> dict[str, Any]:
        self._keys += 1
        headers = {**self.headers, "idempotency-key": f"key-{self._keys}-{id(self)}"}
        named = {} if body is None else {"json": body}
        return self._answer(self.backend.send("POST", path, headers=headers, **named), is_refusal_fine)

    @staticmethod
    def _answer(reply: Any, is_refusal_fine: bool) -> dict[str, Any]:
        assert reply.is_success or (is_refusal_fine and reply.status_code < 500), reply.text
        is_json = reply.headers.get("content-type", "").startswith("application/json")
        return dict(reply.json()) if is_json and reply.content else {}


def test_every_function_was_heard(backend: WholeBackend) -> None:
    assert {function for function, _, _ in backend.recorded.seen} == set(FUNCTIONS)


def test_no_function_asks_for_more_than_its_database_user_may_do(backend: WholeBackend) -> None:
    assert backend.recorded.outside_roles() == []


def test_the_traffic_moves_value_in_every_way(backend: WholeBackend) -> None:
    seen = {(collection, action) for _, collection, action in backend.recorded.seen}
    assert {("ledger", "insert"), ("players", "update"), ("budget", "update"), ("claims", "insert")} <= seen


def test_every_query_selects_by_an_indexed_field(backend: WholeBackend) -> None:
    indexed = {(index.collection, index.fields[0]) for index in INDEXES}
    scans = {
        f"{function} finds {collection} by {', '.join(fields) or 'nothing'}"
        for function, collection, fields in backend.recorded.selections
        if "_id" not in fields and not any((collection, name) in indexed for name in fields)
    }
    assert scans <= set(READ_WHOLE), sorted(scans)


def test_the_checklist_explains_every_query_of_players(backend: WholeBackend) -> None:
    explained = {(query.collection, query.fields) for query in HIGH_VOLUME_QUERIES}
    missing = sorted(
        (collection, fields)
        for function, collection, fields in backend.recorded.selections
        if function in ("battle", "economy", "claim", "signer") and (collection, fields) not in explained
    )
    assert missing == []


def test_no_session_token_or_password_is_stored(stack: Stack, backend: WholeBackend) -> None:
    with MongoClient[dict[str, Any]](backend.database_uri) as client:
        database = client[backend.database_name]
        stored = "".join(
            str(document) for name in database.list_collection_names() for document in database[name].find()
        )
    held = {name: value for name, value in stack.secrets.items() if value in stored}
    assert held == {}
    assert "eyJ" not in stored  # how every JWT begins
