"""Administrators come in and go: by one password, few guesses, and out at once when they may not stay."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import jwt
import pytest

from functions.edge.lambda_entry import lambda_handler
from shared.adapters.admin_tokens import HmacAdminTokens
from shared.domain.errors import Unavailable
from tests.functions.admin_app import AdminApp, Operator, code
from tests.functions.edge_app import gateway_event
from tests.services.admin_world import OWNER_EMAIL, PASSWORD, PASSWORDS, SECRET


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> AdminApp:
    return AdminApp()


def test_the_owner_logs_in_and_sees_who_they_are_and_what_they_may_do(app: AdminApp) -> None:
    reply = app.log_in()
    assert reply.status_code == 200, reply.text
    me = Operator(app, reply.json()["token"]).get("/api/admin/me").json()
    assert me == reply.json()["me"]
    assert (me["id"], me["email"], me["role"]) == ("owner", OWNER_EMAIL, "owner")
    assert "admins.change" in me["actions"]


def test_an_address_is_read_in_any_case_and_with_blanks_around_it(app: AdminApp) -> None:
    assert app.log_in(f"  {OWNER_EMAIL.upper()} ").status_code == 200


def test_a_wrong_password_and_an_unknown_account_are_told_the_same(app: AdminApp) -> None:
    wrong = app.log_in(password="wrong")
    unknown = app.log_in("nobody@example.org")
    assert code(wrong) == code(unknown) == (401, "login_refused")
    assert wrong.json()["detail"] == unknown.json()["detail"]


def test_an_unknown_account_costs_one_password_hash_like_a_known_one(app: AdminApp) -> None:
    judged = []

    class CountingPasswords:
        def is_right(self, password, *, password_hash):
            judged.append(password_hash[:7])
            return False

        def work_for_nothing(self, password):
            PASSWORDS.__class__.work_for_nothing(self, password)

        _cost = 4

    app.parts = replace(app.parts, gate=replace(app.gate, passwords=CountingPasswords()))
    app.log_in()
    app.log_in("nobody@example.org")
    assert judged == ["$2b$04$", "$2b$04$"]


def test_a_password_that_only_begins_right_is_wrong(app: AdminApp) -> None:
    app.admins.known.clear()
    long = "x1y2z" * 20
    app.parts = replace(
        app.parts,
        gate=replace(app.gate, owner=replace(app.gate.owner, password_hash=PASSWORDS.hash(long[:72]))),
    )
    assert code(app.log_in(password=long)) == (401, "login_refused")
    assert app.log_in(password=long[:72]).status_code == 200


def test_a_closed_account_does_not_get_in_with_its_right_password(app: AdminApp) -> None:
    app.admin("viewer")
    viewer = app.admins.known["a-viewer"]
    app.admins.known["a-viewer"] = replace(viewer, is_active=False)
    assert code(app.log_in("viewer@example.org")) == (401, "login_refused")


def test_after_a_log_out_the_token_is_worth_nothing(app: AdminApp) -> None:
    owner = app.admin()
    assert app.send("POST", "/api/admin/logout", headers=owner.headers).status_code == 204
    assert code(owner.get("/api/admin/me")) == (401, "session_ended")
    assert app.admin().get("/api/admin/me").status_code == 200


@pytest.mark.parametrize(
    "changed", [{"password_hash": "$2b$04$other"}, {"generation": 2}, {"is_active": False}]
)
def test_another_password_a_new_generation_or_a_closed_account_ends_every_session(
    app: AdminApp, changed
) -> None:
    viewer = app.admin("viewer")
    app.admins.known["a-viewer"] = replace(app.admins.known["a-viewer"], **changed)
    assert code(viewer.get("/api/admin/me")) == (401, "session_ended")


def test_a_lowered_role_counts_for_sessions_that_are_open(app: AdminApp) -> None:
    admin = app.admin("economist")
    app.admins.known["a-economist"] = replace(app.admins.known["a-economist"], role="viewer")
    assert admin.get("/api/admin/me").json()["role"] == "viewer"


def test_a_session_ends_after_an_hour(app: AdminApp) -> None:
    owner = app.admin()
    app.world.clock.advance(seconds=3599)
    assert owner.get("/api/admin/me").status_code == 200
    app.world.clock.advance(seconds=1)
    assert code(owner.get("/api/admin/me")) == (401, "token_expired")


def signed(app: AdminApp, *, secret: str = SECRET, algorithm: str = "HS256", **changed) -> Operator:
    now_s = app.world.clock.now_ms() // 1000
    claims = {
        "iss": "aiba-arena-admin",
        "aud": "aiba-arena-operators",
        "sub": "owner",
        "iat": now_s,
        "exp": now_s + 3600,
        "jti": "t",
        "epoch": app.gate.owner.epoch(),
        **changed,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return Operator(app, jwt.encode(claims, secret, algorithm=algorithm))


def test_a_token_made_with_our_secret_and_all_claims_is_believed(app: AdminApp) -> None:
    assert signed(app).get("/api/admin/me").status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another-secret-of-thirty-two-characters"},
        {"algorithm": "HS512", "secret": SECRET * 2},
        {"algorithm": "none", "secret": ""},
        {"iss": "aiba-arena"},
        {"aud": "aiba-arena-player"},
        {"aud": ["aiba-arena-operators"]},
        {"sub": None},
        {"sub": 7},
        {"jti": None},
        {"epoch": None},
        {"exp": None},
        {"iat": 1e9},
        {"exp": 2_000_000_000},
    ],
)
def test_any_other_token_is_refused(app: AdminApp, changed) -> None:
    assert code(signed(app, **changed).get("/api/admin/me")) == (401, "token_invalid")


NEXT_SECRET = "another-secret-of-thirty-two-characters"


def set_secrets(app: AdminApp, *secrets: str) -> None:
    """The function as it is rebuilt when its secrets changed."""
    app.gate = replace(app.gate, tokens=HmacAdminTokens(secrets))
    app.parts = replace(app.parts, gate=app.gate)
    app.edge = replace(app.edge, admin_gate=app.gate)


def test_a_rotation_of_the_secret_ends_no_session_until_the_former_is_forgotten(app: AdminApp) -> None:
    before = app.admin()
    set_secrets(app, SECRET, NEXT_SECRET)
    assert signed(app, secret=NEXT_SECRET).get("/api/admin/me").status_code == 200  # an instance ahead of us
    set_secrets(app, NEXT_SECRET, SECRET)
    after = app.admin()
    assert before.get("/api/admin/me").json() == after.get("/api/admin/me").json()
    set_secrets(app, NEXT_SECRET)
    assert code(before.get("/api/admin/me")) == (401, "token_invalid")
    assert after.get("/api/admin/me").status_code == 200


def test_a_session_of_the_former_secret_is_judged_like_any_other(app: AdminApp) -> None:
    gone, stays = app.admin(), app.admin("viewer")
    set_secrets(app, NEXT_SECRET, SECRET)
    assert app.send("POST", "/api/admin/logout", headers=gone.headers).status_code == 204
    assert code(gone.get("/api/admin/me")) == (401, "session_ended")
    assert code(signed(app, aud="aiba-arena-player").get("/api/admin/me")) == (401, "token_invalid")
    app.world.clock.advance(seconds=3600)
    assert code(stays.get("/api/admin/me")) == (401, "token_expired")


def test_two_secrets_believe_no_third(app: AdminApp) -> None:
    set_secrets(app, NEXT_SECRET, SECRET)
    stranger = signed(app, secret="a-third-secret-of-thirty-two-characters")
    assert code(stranger.get("/api/admin/me")) == (401, "token_invalid")
    assert code(signed(app, algorithm="none", secret="").get("/api/admin/me")) == (401, "token_invalid")


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "é.b.c", "a" * 3000])
def test_what_is_no_token_is_refused(app: AdminApp, token: str) -> None:
    headers = {b"authorization": f"Bearer {token}".encode()}
    assert app.send("GET", "/api/admin/me", headers=headers).status_code == 401


def test_the_eleventh_guess_at_an_account_waits_even_for_the_right_password(app: AdminApp) -> None:
    for _ in range(10):
        assert code(app.log_in(password="wrong")) == (401, "login_refused")
    reply = app.log_in()
    assert code(reply) == (429, "login_locked")
    assert 0 < reply.json()["retryAfterMs"] <= 900_000
    app.world.clock.advance(seconds=901)
    assert app.log_in().status_code == 200


def test_an_account_that_does_not_exist_locks_as_if_it_did(app: AdminApp) -> None:
    for _ in range(10):
        app.log_in("nobody@example.org")
    assert code(app.log_in("nobody@example.org")) == (429, "login_locked")


def test_an_address_that_guesses_at_many_accounts_is_locked_out_of_all(app: AdminApp) -> None:
    for number in range(20):
        app.log_in(f"nobody{number}@example.org")
    assert code(app.log_in()) == (429, "login_locked")


def test_a_right_password_forgets_the_wrong_ones_before_it(app: AdminApp) -> None:
    for _ in range(3):
        for _ in range(6):
            app.log_in(password="wrong")
        assert app.log_in().status_code == 200


def test_a_log_in_that_cannot_be_written_down_does_not_happen(app: AdminApp, monkeypatch) -> None:
    def refuse(row):
        raise Unavailable("down", code="database_unavailable")

    monkeypatch.setattr(app.desks.audit_store, "insert_row", refuse)
    assert code(app.log_in()) == (503, "database_unavailable")


def test_without_the_shared_limiter_nobody_logs_in(app: AdminApp) -> None:
    app.limiter.is_down = True
    assert code(app.log_in()) == (503, "limiter_unavailable")


def test_a_session_goes_on_while_the_shared_limiter_is_down(app: AdminApp) -> None:
    owner = app.admin()
    app.limiter.is_down = True
    assert owner.get("/api/admin/me").status_code == 200


def test_the_function_answers_lambda_events(app: AdminApp) -> None:
    handler = lambda_handler(app.app, wiring=lambda: app.edge, environment={})
    body = json.dumps({"email": OWNER_EMAIL, "password": PASSWORD})
    event = gateway_event("POST", "/api/admin/login", headers={"content-type": "application/json"}, body=body)
    token = json.loads(handler(event, None)["body"])["token"]
    answer = handler(
        gateway_event("GET", "/api/admin/me", headers={"authorization": f"Bearer {token}"}), None
    )
    assert (answer["statusCode"], json.loads(answer["body"])["id"]) == (200, "owner")
