"""Players over HTTP: found by what is known of them, shown whole, stopped, corrected; and their claims."""

from __future__ import annotations

import asyncio

import pytest

from tests.functions.admin_app import AdminApp, Operator, code

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


def state(app: AdminApp, account: str) -> dict:
    return dict(app.world.committer.read_player(account).state)


def test_a_player_is_found_by_whatever_is_known(app: AdminApp, owner: Operator, ann: str) -> None:
    wallet = "0:" + "ab" * 32
    app.desks.search.wallets[f"-3:{wallet}"] = ann
    known = state(app, ann)
    for by, text in {
        "id": ann,
        "telegram": "7",
        "alias": known["alias"],
        "wallet": wallet,
        "referralCode": known["referralCode"].upper(),
    }.items():
        reply = owner.get("/api/admin/players", by=by, text=text)
        assert [found["id"] for found in reply.json()["items"]] == [ann], (by, reply.text)
        assert owner.get(
            "/api/admin/players", by=by, text="0:" + "cd" * 32 if by == "wallet" else "404"
        ).json() == {"items": []}


@pytest.mark.parametrize(
    ("by", "text", "expected"),
    [
        ("telegram", "x", (400, "invalid_search")),
        ("wallet", "x", (400, "invalid_address")),
        ("name", "x", (400, "invalid_request")),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(owner: Operator, by, text, expected) -> None:
    assert code(owner.get("/api/admin/players", by=by, text=text)) == expected


def test_the_page_shows_everything_at_a_glance(app: AdminApp, owner: Operator, ann: str) -> None:
    app.world.give(ann, "AIBA", 40)
    app.world.battle(ann, "b1")
    owner.post(f"/api/admin/players/{ann}/notes", {"text": "a friendly player"})
    owner.post(f"/api/admin/players/{ann}/ban", {"scope": "withdraw", "reason": REASON})
    page = owner.get(f"/api/admin/players/{ann}").json()
    assert page["alias"] == state(app, ann)["alias"]
    assert [broker["id"] for broker in page["brokers"]] == ["starter"]
    assert [row["kind"] for row in page["ledger"]] == ["battle", "adjust"]
    assert [battle["mode"] for battle in page["battles"]] == ["prediction"]
    assert [(ban["scope"], ban["by"], "until" in ban) for ban in page["bans"]] == [
        ("withdraw", "owner", False)
    ]
    assert [note["text"] for note in page["notes"]] == ["a friendly player"]
    assert page["isBanned"] is True
    assert code(owner.get("/api/admin/players/tg404")) == (404, "player_unknown")


def test_ledger_and_battles_are_paged(app: AdminApp, owner: Operator, ann: str) -> None:
    for number in range(3):
        app.world.battle(ann, f"b{number}")
        app.world.clock.advance(seconds=31)
    for name in ("ledger", "battles"):
        first = owner.get(f"/api/admin/players/{ann}/{name}", limit=2).json()
        rest = owner.get(f"/api/admin/players/{ann}/{name}", limit=2, cursor=first["nextCursor"]).json()
        assert len(first["items"]) == 2
        assert len(rest["items"]) == 1


def test_a_ban_stops_the_player_until_it_is_lifted_and_both_stay_in_the_history(
    app: AdminApp, owner: Operator, ann: str
) -> None:
    banned = owner.post(f"/api/admin/players/{ann}/ban", {"scope": "battle", "reason": REASON})
    assert banned.json()["after"]["reason"] == REASON
    with pytest.raises(Exception, match="may not do that"):
        app.world.battle(ann, "b1")
    lifted = owner.post(f"/api/admin/players/{ann}/unban", {"scope": "battle", "reason": REASON})
    assert (lifted.status_code, lifted.json()["before"]["by"]) == (200, "owner")
    assert app.world.battle(ann, "b1").row.ok
    again = owner.post(f"/api/admin/players/{ann}/unban", {"scope": "battle", "reason": REASON})
    assert code(again) == (409, "not_banned")


def test_a_ban_ends_by_itself(app: AdminApp, owner: Operator, ann: str) -> None:
    until = "2026-11-18T12:00:00Z"
    reply = owner.post(f"/api/admin/players/{ann}/ban", {"scope": "all", "until": until, "reason": REASON})
    assert reply.json()["after"]["until"] == "2026-11-18T12:00:00.000Z"
    with pytest.raises(Exception, match="may not do that"):
        app.world.battle(ann, "b1")
    app.world.clock.advance(seconds=3600)
    assert app.world.battle(ann, "b1").row.ok


@pytest.mark.parametrize(
    "until", ["2020-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2027-02-30T00:00:00Z"]
)
def test_a_ban_that_is_over_or_never_ends_right_is_refused(owner: Operator, ann: str, until: str) -> None:
    body = {"scope": "all", "until": until, "reason": REASON}
    assert code(owner.post(f"/api/admin/players/{ann}/ban", body)) == (400, "invalid_until")


def test_a_broker_is_stopped_alone(app: AdminApp, owner: Operator, ann: str) -> None:
    path = f"/api/admin/players/{ann}/brokers"
    assert owner.post(f"{path}/starter/ban", {"reason": REASON}).status_code == 200
    assert app.world.battle(ann, "b1").row.answer["code"] == "broker_banned"
    assert owner.post(f"{path}/starter/unban", {"reason": REASON}).status_code == 200
    assert app.world.battle(ann, "b2").row.ok
    assert code(owner.post(f"{path}/none/ban", {"reason": REASON})) == (404, "broker_not_found")
    assert code(owner.post(f"{path}/none/unban", {"reason": REASON})) == (404, "broker_not_found")
    assert code(owner.post(f"{path}/starter/unban", {"reason": REASON})) == (409, "not_banned")


def adjust(operator: Operator, ann: str, direction: str, amount: str, *, key: str | None = None):
    body = {"direction": direction, "currency": "AIBA", "amount": amount, "reason": REASON}
    return operator.post(f"/api/admin/players/{ann}/adjust", body, key=key)


def test_an_adjustment_answers_balance_and_debt_before_and_after(owner: Operator, ann: str) -> None:
    reply = adjust(owner, ann, "debit", "30", key="k")
    assert reply.status_code == 200, reply.text
    assert reply.json()["state"] == "done"
    assert reply.json()["result"]["after"] == {"balance": "0", "debt": "30"}
    again = adjust(owner, ann, "debit", "30", key="k")
    assert (again.json(), again.headers["idempotent-replayed"]) == (reply.json(), "true")
    assert owner.get("/api/admin/players", by="id", text=ann).json()["items"][0]["debt"] == {"AIBA": "30"}


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "", "9223372036854775808"])
def test_an_amount_that_is_none_is_refused(owner: Operator, ann: str, amount: str) -> None:
    assert adjust(owner, ann, "credit", amount).status_code == 400


def test_a_large_adjustment_takes_two(app: AdminApp, owner: Operator, ann: str) -> None:
    pending = adjust(owner, ann, "credit", "6000").json()
    assert pending["state"] == "pending"
    [waiting] = owner.get("/api/admin/adjustments").json()["items"]
    assert waiting == pending["proposal"]
    path = f"/api/admin/adjustments/{waiting['id']}"
    assert code(owner.post(f"{path}/confirm")) == (403, "second_admin_required")
    confirmed = app.admin("economist").post(f"{path}/confirm")
    assert confirmed.json()["result"]["after"]["balance"] == "6000"
    assert code(owner.post(f"{path}/reject")) == (409, "proposal_decided")


def test_a_debt_is_settled_over_http(app: AdminApp, owner: Operator, ann: str) -> None:
    adjust(owner, ann, "debit", "30")
    app.world.give(ann, "AIBA", 100)
    body = {"currency": "AIBA", "reason": REASON}
    reply = owner.post(f"/api/admin/players/{ann}/debt/settle", body)
    assert reply.json()["after"] == {"balance": "70", "debt": "0"}
    assert code(owner.post(f"/api/admin/players/{ann}/debt/settle", body)) == (409, "no_debt")


def test_claims_are_listed_approved_and_rejected(app: AdminApp, owner: Operator) -> None:
    claims = app.desks.claim_world
    claims.game.configure(claim_approval_above_aiba=100)
    ids = [claims.ask(claims.player(number), 500, key="k").claim.terms.id for number in (1, 2)]
    listed = owner.get("/api/admin/claims").json()["items"]
    assert {claim["id"] for claim in listed} == set(ids)
    assert owner.post(f"/api/admin/claims/{ids[0]}/approve").json()["state"] == "approved"
    rejected = owner.post(f"/api/admin/claims/{ids[1]}/reject", {"reason": REASON})
    assert (rejected.json()["state"], rejected.json()["reason"]) == ("rejected", REASON)
    assert owner.get("/api/admin/claims", state="rejected").json()["items"][0]["id"] == ids[1]
    assert code(owner.post("/api/admin/claims/c404/approve")) == (404, "claim_unknown")
