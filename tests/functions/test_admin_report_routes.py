"""Reports over HTTP: emission and sinks, the moment's state, the audit, exports."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Sequence

import pytest

from functions.edge.lambda_entry import lambda_handler
from shared.domain.calendar import utc_day
from shared.domain.errors import Unavailable
from shared.domain.ledger import GENESIS, Row
from shared.services.export_rows import csv_line
from tests.functions.admin_app import AdminApp, Operator, code
from tests.functions.edge_app import document_of, gateway_event

REASON = "because of the test"


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> AdminApp:
    return AdminApp()


@pytest.fixture
def owner(app: AdminApp) -> Operator:
    return app.admin()


@pytest.fixture
def ann(app: AdminApp) -> str:
    return app.world.player_with_starter(7)


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_days_totals_name_every_source_and_sink(app: AdminApp, owner: Operator, ann: str) -> None:
    reward = int(app.world.battle(ann, "b1").answer()["reward"]["AIBA"])
    owner.post(
        f"/api/admin/players/{ann}/adjust",
        {"direction": "debit", "currency": "AIBA", "amount": "1", "reason": REASON},
    )
    [day] = owner.get("/api/admin/emission").json()["items"]
    assert (day["day"], day["battles"], day["players"]) == (
        utc_day(app.world.clock.now_ms()),
        {"prediction": 1},
        1,
    )
    assert day["emitted"]["AIBA"] == str(reward)
    assert day["sunk"]["AIBA"] == "1"
    assert {"currency": "AIBA", "account": "adjustment", "kind": "adjust", "amount": "-1"} in day["lines"]


def test_days_are_listed_newest_first(owner: Operator) -> None:
    days = owner.get("/api/admin/emission", day="2026-03-01", days=3).json()["items"]
    assert [day["day"] for day in days] == ["2026-03-01", "2026-02-28", "2026-02-27"]
    assert code(owner.get("/api/admin/emission", day="2026-02-30")) == (400, "invalid_day")


def test_the_moment_shows_budgets_claims_and_what_is_paused(app: AdminApp, owner: Operator, ann: str) -> None:
    reward = int(app.world.battle(ann, "b1").answer()["reward"]["AIBA"])
    stats = owner.get("/api/admin/stats").json()
    aiba = next(budget for budget in stats["budgets"] if budget["group"].startswith("AIBA:"))
    assert int(aiba["cap"]) - int(aiba["available"]) == reward
    assert stats["claims"] == {"approved": 0, "awaiting_approval": 0, "reserved": 0, "signed": 0}
    assert stats["paused"]["claims"] is False
    assert stats["today"]["rows"] == 3


def test_the_audit_shows_intent_and_outcome_chained_newest_first(
    app: AdminApp, owner: Operator, ann: str
) -> None:
    owner.post(f"/api/admin/players/{ann}/ban", {"scope": "all", "reason": REASON})
    outcome, intent, login = owner.get("/api/admin/audit", admin="owner").json()["items"]
    assert (login["id"], login["kind"], login["previousHash"]) == ("owner:1", "login", GENESIS)
    assert (intent["id"], intent["previousHash"]) == ("owner:2", login["hash"])
    assert outcome["previousHash"] == intent["hash"]
    assert intent["details"] == {"scope": "all", "untilMs": 0, "reason": REASON}
    assert (intent["address"], len(intent["requestId"]) > 0) == ("203.0.113.9", True)
    assert (outcome["result"], outcome["after"]["reason"]) == ("done", REASON)


def test_the_audit_is_paged_by_administrator_and_by_day(app: AdminApp, owner: Operator, ann: str) -> None:
    support = app.admin("support")
    for operator in (owner, support, owner):
        operator.post(f"/api/admin/players/{ann}/notes", {"text": "x"})
        app.world.clock.advance(seconds=1)
    for query in ({"admin": "owner"}, {}):
        whole = owner.get("/api/admin/audit", limit=50, **query).json()["items"]
        paged, cursor = [], {}
        while cursor is not None:
            page = owner.get("/api/admin/audit", limit=3, **query, **cursor).json()
            paged += page["items"]
            cursor = {"cursor": page["nextCursor"]} if "nextCursor" in page else None
        assert paged == whole
    assert len(whole) == 8
    admins = [record["admin"] for record in whole if record["kind"] != "login"]
    assert admins == ["owner"] * 2 + ["a-support"] * 2 + ["owner"] * 2
    assert code(owner.get("/api/admin/audit", admin="nobody")) == (404, "admin_unknown")


def test_a_ledger_is_exported_row_by_row(app: AdminApp, owner: Operator, ann: str) -> None:
    app.world.battle(ann, "b1")
    app.world.battle(ann, "b2")
    reply = owner.get(f"/api/admin/players/{ann}/ledger.csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    head, *lines = read_csv(reply.text)
    assert head[:6] == ["seq", "at", "kind", "accepted", "NEUR", "AIBA"]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("1", "register", "1"),
        ("2", "starter", "1"),
        ("3", "battle", "1"),
        ("4", "battle", "0"),
    ]
    rest = read_csv(owner.get(f"/api/admin/players/{ann}/ledger.csv", fromSeq=4).text)
    assert len(rest) == 2
    assert code(owner.get("/api/admin/players/tg404/ledger.csv")) == (404, "player_unknown")


def test_emission_is_exported_by_day(app: AdminApp, owner: Operator, ann: str) -> None:
    app.world.battle(ann, "b1")
    head, *lines = read_csv(owner.get("/api/admin/emission.csv").text)
    assert head == ["day", "currency", "account", "kind", "amount", "isComplete"]
    assert {tuple(line[1:4]) for line in lines} >= {("AIBA", "emission", "battle")}


def test_an_export_travels_as_text_through_lambda(app: AdminApp, owner: Operator, ann: str) -> None:
    handler = lambda_handler(app.app, wiring=lambda: app.edge, environment={})
    event = gateway_event("GET", f"/api/admin/players/{ann}/ledger.csv", headers=owner.headers)
    answer = handler(event, None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert len(read_csv(answer["body"])) == 3


def test_an_export_that_the_database_cuts_short_is_no_export(
    app: AdminApp, owner: Operator, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = app.parts.committer.store
    read = store.rows_at

    def lost_at_the_first_page(account: str, seqs: Sequence[int]) -> Sequence[Row]:
        if 1 in seqs:
            raise Unavailable("The database did not answer", code="database_unavailable")
        return read(account, seqs)

    monkeypatch.setattr(store, "rows_at", lost_at_the_first_page)
    handler = lambda_handler(app.app, wiring=lambda: app.edge, environment={})
    event = gateway_event("GET", f"/api/admin/players/{ann}/ledger.csv", headers=owner.headers)
    answer = handler(event, None)
    assert (answer["statusCode"], document_of(answer)["code"]) == (503, "database_unavailable")
    assert code(owner.get(f"/api/admin/players/{ann}/ledger.csv")) == (503, "database_unavailable")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_text_becomes_a_formula(start: str) -> None:
    [[first, second]] = read_csv(csv_line([f"{start}1+1", 'a "b", c']))
    assert (first, second) == (f"'{start}1+1", 'a "b", c')


def test_a_negative_amount_stays_a_number() -> None:
    assert csv_line([-25, "-25"]) == "-25,-25\r\n"


PASSWORD = "another fake password"


def test_the_owner_makes_changes_and_closes_administrators(app: AdminApp, owner: Operator) -> None:
    body = {"email": "Ann@Example.org", "role": "viewer", "password": PASSWORD}
    made = owner.post("/api/admin/admins", body)
    assert made.status_code == 201, made.text
    ann = made.json()
    assert (ann["email"], ann["role"]) == ("ann@example.org", "viewer")
    session = Operator(app, app.log_in("ann@example.org", PASSWORD).json()["token"])
    assert session.get("/api/admin/config").status_code == 200
    changed = owner.send("PATCH", f"/api/admin/admins/{ann['id']}", {"role": "economist"})
    assert changed.json()["role"] == "economist"
    assert code(session.get("/api/admin/config")) == (401, "session_ended")
    owner.send("PATCH", f"/api/admin/admins/{ann['id']}", {"isActive": False})
    assert code(app.log_in("ann@example.org", PASSWORD)) == (401, "login_refused")
    owner.send("PATCH", f"/api/admin/admins/{ann['id']}", {"isActive": True})
    assert app.log_in("ann@example.org", PASSWORD).status_code == 200
    emails = [admin["email"] for admin in owner.get("/api/admin/admins").json()["items"]]
    assert emails == ["owner@example.org", "ann@example.org"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"password": "short"}, (400, "weak_password")),
        ({"email": "nobody"}, (400, "invalid_email")),
        ({"email": "owner@example.org"}, (409, "email_taken")),
        ({"role": "king"}, (400, "invalid_request")),
    ],
)
def test_an_administrator_that_makes_no_sense_is_refused(owner: Operator, changed, expected) -> None:
    body = {"email": "ann@example.org", "role": "viewer", "password": PASSWORD, **changed}
    assert code(owner.post("/api/admin/admins", body)) == expected


def test_the_same_key_makes_one_administrator_and_an_address_has_one_account(owner: Operator) -> None:
    body = {"email": "ann@example.org", "role": "viewer", "password": PASSWORD}
    first = owner.post("/api/admin/admins", body, key="k")
    assert owner.post("/api/admin/admins", body, key="k").json() == first.json()
    assert code(owner.post("/api/admin/admins", body)) == (409, "email_taken")


def test_the_owner_is_the_environments(owner: Operator) -> None:
    assert code(owner.send("PATCH", "/api/admin/admins/owner", {"role": "viewer"})) == (
        409,
        "owner_is_configured",
    )
    assert code(owner.send("PATCH", "/api/admin/admins/a404", {"role": "viewer"})) == (404, "admin_unknown")


def test_an_own_password_is_changed_by_whoever_knows_the_present_one(app: AdminApp) -> None:
    viewer = app.admin("viewer")
    wrong = viewer.post("/api/admin/password", {"current": "wrong", "new": PASSWORD})
    assert code(wrong) == (403, "password_wrong")
    right = {"current": "fake password of the tests", "new": PASSWORD}
    assert viewer.post("/api/admin/password", right).status_code == 200
    assert code(viewer.get("/api/admin/me")) == (401, "session_ended")
    assert app.log_in("viewer@example.org", PASSWORD).status_code == 200
    assert code(app.log_in("viewer@example.org")) == (401, "login_refused")


def test_a_stolen_session_guesses_at_the_password_no_faster_than_a_stranger(app: AdminApp) -> None:
    viewer = app.admin("viewer")
    guess = {"current": "wrong", "new": PASSWORD}
    codes = [code(viewer.post("/api/admin/password", guess))[1] for _ in range(11)]
    assert codes == ["password_wrong"] * 10 + ["login_locked"]


def test_no_password_reaches_the_audit_not_even_as_a_hash(app: AdminApp, owner: Operator) -> None:
    body = {"email": "ann@example.org", "role": "viewer", "password": PASSWORD}
    owner.post("/api/admin/admins", body, key="k")
    ann = app.admins.by_email("ann@example.org")
    kept = json.dumps(list(app.desks.audit_store.rows.values()))
    assert PASSWORD not in kept
    assert ann.password_hash not in kept
    other = owner.post("/api/admin/admins", {**body, "password": PASSWORD + "!"}, key="k")
    assert other.status_code == 201, "a fingerprint that differs by the password would tell about it"
