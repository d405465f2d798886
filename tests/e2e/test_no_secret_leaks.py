"""Nothing secret is ever said: every reply, log line, metric and stored byte of all traffic is searched for it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
import pytest

from infra.local.stack import Stack
from infra.ops.miniapp import Miniapp, signed_init_data
from infra.ops.openapi.merged import merged_document
from tests.e2e.test_faults import claim, link_wallet

SHORTEST = 8
WRONG_PASSWORD = f"wrong-{secrets.token_hex(12)}"
SECRET_IN_BODY = f"body-{secrets.token_hex(12)}"
LOCAL_AWS_SECRET = "local-fake-secret-access-key"


@dataclass
class Traffic:
    """Everything that was sent back, and every secret that was sent or held while it was."""

    stack: Stack
    replies: list[bytes] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)

    def held(self) -> dict[str, str]:
        """What functions hold and no reply may ever show; the public halves are no secrets."""
        kept = {
            name: value for name, value in self.stack.secrets.items() if name != "PLAYER_SESSION_PUBLIC_KEYS"
        }
        return {**kept, "AWS_SECRET_ACCESS_KEY": LOCAL_AWS_SECRET}

    def note(self, reply: httpx.Response) -> httpx.Response:
        """Keep a reply, with its headers, for the search."""
        headers = "\n".join(f"{name}: {value}" for name, value in reply.headers.items())
        self.replies.append(headers.encode() + b"\n\n" + reply.content)
        return reply

    def written(self) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of every file that functions and their stores wrote."""
        for folder in ("logs", "mongo", "redis"):
            for path in sorted((self.stack.data_dir / folder).rglob("*")):
                if path.is_file():
                    yield f"{folder}/{path.name}", path.read_bytes()


def spellings(secret: str) -> set[bytes]:
    """How a secret looks when somebody encoded it before writing it down."""
    raw = secret.encode()
    return {
        raw,
        quote(secret, safe="").encode(),
        raw.hex().encode(),
        base64.b64encode(raw).rstrip(b"="),
        base64.urlsafe_b64encode(raw).rstrip(b"="),
    }


def leaks(wanted: Mapping[str, str], texts: Iterator[tuple[str, bytes]]) -> list[str]:
    """`NAME in place` for every secret found, whole or encoded."""
    known = {name: spellings(value) for name, value in wanted.items() if len(value) >= SHORTEST}
    return sorted(
        f"{name} in {place}"
        for place, text in texts
        for name, ways in known.items()
        if any(way in text for way in ways)
    )


@pytest.fixture(scope="module")
def traffic(stack: Stack) -> Traffic:
    """All functions used, misused, and robbed of what they need."""
    traffic = Traffic(stack)
    user = {"id": 799_000_001, "first_name": "Secret"}
    app = Miniapp(stack.urls["gateway"], stack.secrets["TELEGRAM_BOT_TOKEN"], user)
    try:
        play(traffic, app)
        with httpx.Client(base_url=stack.urls["gateway"], timeout=30) as http:
            operate(traffic, http)
            misuse(traffic, http, app)
        rob(traffic, app)
        stack.invoke("settle")
    finally:
        app.close()
    return traffic


def token_of(traffic: Traffic, name: str, token: str) -> None:
    """Remember a token's payload and signature; every token begins alike, and that is no secret."""
    _, payload, signature = token.split(".")
    traffic.sent |= {f"{name} payload": payload, f"{name} signature": signature}


def play(traffic: Traffic, app: Miniapp) -> None:
    now_s = traffic.stack.now_ms() // 1000
    raw = signed_init_data(app.user, bot_token=app.bot_token, auth_date_s=now_s)
    traffic.sent |= {"initData": raw, "initData hash": raw.rpartition("hash=")[2]}
    app.sign_in(now_s=now_s)
    token_of(traffic, "session", app.token)
    broker = traffic.note(app.call("POST", "/api/brokers/starter", key="starter")).json()["broker"]["id"]
    body = {"brokerId": broker, "mode": "prediction"}
    battle = traffic.note(app.call("POST", "/api/battle/run", body, key="secret-battle"))
    assert battle.is_success, battle.text
    link_wallet(traffic.stack, app)
    token_of(traffic, "second session", app.token)
    assert traffic.note(claim(app, "secret-claim")).is_success
    for path, operations in merged_document()["paths"].items():
        if "get" in operations and not path.startswith("/api/admin/"):
            filled = path.replace("{battle_id}", battle.json()["id"]).replace("{board}", "score")
            traffic.note(app.call("GET", filled))


def operate(traffic: Traffic, http: httpx.Client) -> None:
    email, password = "owner@example.org", traffic.stack.secrets["ADMIN_PASSWORD"]
    wrong = {"email": email, "password": WRONG_PASSWORD}
    traffic.sent["wrong password"] = WRONG_PASSWORD
    assert traffic.note(http.post("/api/admin/login", json=wrong)).status_code == 401
    token = http.post("/api/admin/login", json={"email": email, "password": password}).json()["token"]
    token_of(traffic, "admin", token)
    headers = {"authorization": f"Bearer {token}"}
    for path, operations in merged_document()["paths"].items():
        if "get" in operations and path.startswith("/api/admin/"):
            traffic.note(
                http.get(path.replace("{account}", "tg799000001").replace("{number}", "1"), headers=headers)
            )
    metrics = {"authorization": f"Bearer {traffic.stack.secrets['METRICS_TOKEN']}"}
    assert traffic.note(http.get("/metrics", headers=metrics)).status_code == 200
    assert (
        traffic.note(http.get("/metrics", headers=metrics | {"authorization": "Bearer x"})).status_code == 401
    )


def misuse(traffic: Traffic, http: httpx.Client, app: Miniapp) -> None:
    """Everything wrong that a secret can be part of."""
    traffic.sent["secret in a body"] = SECRET_IN_BODY
    bearer = {
        "authorization": f"Bearer {app.token}",
        "content-type": "application/json",
        "idempotency-key": "m1",
    }
    broken = {**bearer, "authorization": f"Bearer {app.token}x"}
    tma = {"authorization": f"tma {traffic.sent['initData']}0"}
    doubled = {"authorization": f"tma {traffic.sent['initData']}&hash=00"}
    for reply in (
        http.get("/api/economy/me", headers=broken),
        http.get(f"/api/economy/me?token={app.token}", headers=bearer),
        http.get(f"/api/nothing/{app.token}"),
        http.post("/api/session", headers=tma),
        http.post("/api/session", headers=doubled),
        http.post("/api/battle/run", headers=bearer, content=f'{{"brokerId": "{SECRET_IN_BODY}'.encode()),
        http.post("/api/battle/run", headers=bearer, json={"brokerId": {"x": SECRET_IN_BODY}, "mode": 1}),
        http.post("/api/battle/run", headers=bearer, json={SECRET_IN_BODY: 1}),
        http.post("/api/admin/login", json={"email": SECRET_IN_BODY, "password": WRONG_PASSWORD}),
        http.post("/api/admin/login", json={"email": "a@example.org", "password": [WRONG_PASSWORD]}),
        http.post("/api/wallet", headers=bearer, json={"account": SECRET_IN_BODY, "proof": {}}),
        http.post("/api/battle/run", headers={**bearer, "content-type": SECRET_IN_BODY}, content=b"x"),
    ):
        assert 400 <= reply.status_code < 500, reply.text
        # A client may be told the name it sent itself; what counts is where else it went.
        traffic.note(reply)


def rob(traffic: Traffic, app: Miniapp) -> None:
    """Each part gone in turn while requests arrive: errors carry causes, and causes carry addresses."""
    stack = traffic.stack
    for part, call in (
        ("upstash", lambda: claim(app, "robbed-1")),
        ("kms", lambda: claim(app, "robbed-2")),
        ("chain", lambda: claim(app, "robbed-3")),
        ("mongo", lambda: app.call("GET", "/api/economy/me")),
    ):
        stack.pause(part)
        try:
            traffic.note(call())
            traffic.note(app.call("GET", "/health/ready"))
        finally:
            stack.resume(part)


def named_replies(traffic: Traffic) -> Iterator[tuple[str, bytes]]:
    return ((f"reply {number}", reply) for number, reply in enumerate(traffic.replies))


def test_no_reply_shows_what_a_function_holds(traffic: Traffic) -> None:
    assert len(traffic.replies) > 60
    assert leaks(traffic.held(), named_replies(traffic)) == []


def test_no_log_line_and_no_stored_byte_shows_a_secret(traffic: Traffic) -> None:
    places = dict(traffic.written())
    assert {
        f"logs/{name}.log" for name in ("health", "battle", "economy", "claim", "admin", "signer", "settle")
    } <= set(places)
    assert sum(len(text) for name, text in places.items() if name.startswith("logs/")) > 10_000
    assert leaks(traffic.held() | traffic.sent, iter(places.items())) == []


def test_errors_were_logged_so_that_there_was_something_to_search(traffic: Traffic) -> None:
    logged = b"".join(text for name, text in traffic.written() if name.startswith("logs/"))
    assert b"Traceback" in logged or b'"exception"' in logged
    assert b"database_unavailable" in logged
    assert b"limiter" in logged


def test_a_planted_leak_is_found_in_the_log_and_in_the_reply(traffic: Traffic) -> None:
    """The positive control: a request id is logged and echoed, so a secret sent as one must be noticed."""
    planted = f"planted-{secrets.token_hex(12)}"
    with httpx.Client(base_url=traffic.stack.urls["gateway"], timeout=30) as http:
        reply = http.get("/health", headers={"x-request-id": planted})
    headers = "\n".join(f"{name}: {value}" for name, value in reply.headers.items()).encode()
    assert leaks({"planted": planted}, iter([("reply", headers)])) == ["planted in reply"]
    assert leaks({"planted": planted}, traffic.written()) == ["planted in logs/health.log"]


@pytest.mark.parametrize("way", range(4))
def test_an_encoded_leak_is_found_too(way: int) -> None:
    secret = "a secret/with+signs=and more"
    encoded = sorted(spellings(secret))[way]
    assert leaks({"it": secret}, iter([("log", b"x" + encoded + b"y")])) == ["it in log"]
