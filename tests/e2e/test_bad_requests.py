"""Bad requests through the gateway: problem+json, the right status and code, and nothing about our insides."""

from __future__ import annotations

import httpx
import pytest

from infra.ops.miniapp import signed_init_data

JSON = {"content-type": "application/json"}


@pytest.fixture
def http(stack, new_player):
    app = new_player()
    headers = {"authorization": f"Bearer {app.token}", "idempotency-key": "bad-1"}
    with httpx.Client(base_url=stack.urls["gateway"], headers=headers, timeout=30) as client:
        yield client


def check(answer, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["requestId"]
    assert not any(word in answer.text for word in ("Traceback", "File ", "pymongo", "shared/", "functions/"))


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b'{"brokerId": ', 400, "malformed_json"),
        (b'{"brokerId": "starter", "mode": 7}', 400, "invalid_request"),
        (b'{"brokerId": "starter", "mode": "prediction", "reward": "9"}', 400, "invalid_request"),
        (b'{"brokerId": "starter", "mode": "chess"}', 404, "mode_unknown"),
        (b'{"brokerId": "not-mine", "mode": "prediction"}', 404, "broker_not_found"),
        (b"[" * 2000 + b"]" * 2000, 400, "json_too_deep"),
        (b'{"brokerId": "' + b"x" * 70_000 + b'"}', 413, "body_too_large"),
    ],
    ids=["malformed", "wrong type", "unknown field", "unknown mode", "not mine", "deep", "huge"],
)
def test_a_bad_battle_is_refused_with_its_code(http, content, status, code):
    key = {"idempotency-key": f"bad-{status}-{code}-{len(content)}"}
    check(http.post("/api/battle/run", content=content, headers=JSON | key), status, code)


def test_the_wrong_media_type_is_415(http):
    headers = {"content-type": "text/plain"}
    check(http.post("/api/battle/run", content=b"hello", headers=headers), 415, "unsupported_media_type")


def test_an_unknown_route_is_404_and_a_wrong_method_is_405(http):
    check(http.get("/api/nothing/here"), 404, "not_found")
    wrong = http.delete("/api/battle/run")
    check(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


def test_without_a_token_or_with_a_forged_one_nobody_gets_in(stack, http):
    check(http.get("/api/economy/me", headers={"authorization": ""}), 401, "token_missing")
    check(http.get("/api/economy/me", headers={"authorization": "Bearer x.y.z"}), 401, "token_invalid")


def test_init_data_of_another_bot_or_too_old_opens_no_session(stack, http):
    user, now_s = {"id": 1, "first_name": "X"}, stack.now_ms() // 1000
    forged = signed_init_data(user, bot_token="1:fake-other-bot", auth_date_s=now_s)
    old = signed_init_data(user, bot_token=stack.secrets["TELEGRAM_BOT_TOKEN"], auth_date_s=now_s - 3600)
    for raw, code in ((forged, "init_data_hash_mismatch"), (old, "init_data_expired")):
        check(http.post("/api/session", headers={"authorization": f"tma {raw}"}), 401, code)


def test_a_battle_without_a_key_is_refused(stack, new_player):
    app = new_player()
    answer = app.call("POST", "/api/battle/run", {"brokerId": app.broker, "mode": "prediction"})
    check(answer, 400, "idempotency_key_required")
