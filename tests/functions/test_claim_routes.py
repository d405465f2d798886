"""Claims over HTTP: what the miniapp gets, and bad input with its code."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import pytest

from functions import signer
from functions.edge.request_log import claim_pseudonym
from shared.domain.claim_message import payload_of
from shared.domain.cursors import write_cursor
from shared.domain.ton.boc import read_boc_base64
from shared.domain.ton.claim_payload import message_body
from tests.functions.claim_app import ClaimApp, ClaimUser, code_of
from tests.functions.emitted import metrics_in
from tests.services.claim_world import START_CREDITS, VAULT


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> ClaimApp:
    return ClaimApp()


@pytest.fixture
def ann(app: ClaimApp) -> ClaimUser:
    return app.user(app.world.player())


def test_a_claim_answers_what_a_wallet_sends_as_it_is(app, ann):
    answer = ann.claim()
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert (view["state"], view["amount"], view["seqno"], view["network"]) == ("signed", "100", "1", "-3")
    assert view["units"] == str(100 * VAULT.units_per_credit)
    transaction = view["transaction"]
    claim = app.world.claim_of(ann.id)
    now_s = app.world.clock.now_ms() // 1000
    assert transaction["validUntil"] == min(claim.valid_until_s - 30, now_s + 300)
    assert (transaction["network"], transaction["from"]) == ("-3", claim.terms.recipient)
    [message] = transaction["messages"]
    assert message["amount"] == "100000000"
    assert message["address"].startswith("k")  # bounceable, testnet
    body = message_body(
        payload_of(claim.terms, valid_until_s=claim.valid_until_s),
        signature=base64.b64decode(view["signature"]),
    )
    assert read_boc_base64(message["payload"]).hash == body.hash


def test_the_same_key_answers_the_current_view_with_the_original_status(app, ann):
    first = ann.claim()
    again = ann.claim()
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    app.world.execute(app.world.claim_of(ann.id))
    app.world.settle()
    settled = ann.claim()
    assert (settled.status_code, settled.json()["state"]) == (201, "confirmed")
    assert settled.json()["transactionHash"]
    assert "transaction" not in settled.json()


def test_another_body_under_the_same_key_is_422(ann):
    ann.claim("100")
    assert code_of(ann.claim("101")) == (422, "idempotency_key_reused")


def test_a_claim_too_late_to_send_is_shown_expired_until_the_chain_proves_it(app, ann):
    claim_id = ann.claim().json()["id"]
    app.world.advance(seconds=601)
    view = ann.get(f"/api/claims/{claim_id}").json()
    assert view["state"] == "expired"
    assert "transaction" not in view


def test_a_refused_transaction_is_visible_as_such_with_the_reason(app, ann):
    claim_id = ann.claim().json()["id"]
    app.world.refuse_on_chain(app.world.claim_of(ann.id), exit_code=1005)
    app.world.settle()
    view = ann.get(f"/api/claims/{claim_id}").json()
    assert view["state"] == "signed"
    assert view["failure"]["reason"] == "too_few_coins_attached"
    assert view["failure"]["transactionHash"]
    assert view["transaction"]["messages"]


def test_claims_are_listed_newest_first_in_pages(app, ann):
    app.world.game.configure(claim_max_per_player_per_day=9)
    ids = []
    for number in range(3):
        ids.insert(0, ann.claim(key=f"k{number}").json()["id"])
        app.world.execute(app.world.claim_of(ann.id, f"k{number}"))
        app.world.settle()
    first = ann.get("/api/claims", limit=2).json()
    assert [item["id"] for item in first["items"]] == ids[:2]
    rest = ann.get("/api/claims", limit=2, cursor=first["nextCursor"]).json()
    assert [item["id"] for item in rest["items"]] == ids[2:]
    assert "nextCursor" not in rest


@pytest.mark.parametrize(
    "cursor", ["c1", write_cursor("battles", {"seq": 1}), write_cursor("claims", {"seq": 0})]
)
def test_a_cursor_that_this_list_did_not_make_is_refused(ann, cursor):
    assert code_of(ann.get("/api/claims", cursor=cursor)) == (400, "invalid_cursor")


@pytest.mark.parametrize(("limit", "status"), [(0, 400), (1, 200), (100, 200), (101, 400)])
def test_a_page_of_claims_has_a_hundred_at_most(ann, limit, status):
    assert ann.get("/api/claims", limit=limit).status_code == status


def test_a_player_sees_only_claims_of_their_own(app, ann):
    claim_id = ann.claim().json()["id"]
    bob = app.user(app.world.player(2))
    assert bob.get("/api/claims").json()["items"] == []
    assert code_of(bob.get(f"/api/claims/{claim_id}")) == (404, "claim_unknown")
    assert code_of(bob.post(f"/api/claims/{claim_id}/sent", {"boc": "AAAA"})) == (404, "claim_unknown")
    assert code_of(ann.get("/api/claims/c000000000000000000000000")) == (404, "claim_unknown")


def test_a_sent_message_is_noted_and_proves_nothing(app, ann):
    claim_id = ann.claim().json()["id"]
    told = ann.post(f"/api/claims/{claim_id}/sent", {"boc": "te6ccgEBAQEAAgAAAA=="})
    assert (told.status_code, told.json()["state"]) == (200, "signed")
    assert app.world.claim_of(ann.id).wallet_report == "te6ccgEBAQEAAgAAAA=="


@pytest.mark.parametrize("boc", ["", "not base64!", "A" * 8193, None, 7, ["AAAA"]])
def test_a_sent_message_of_another_form_is_refused(app, ann, boc):
    claim_id = ann.claim().json()["id"]
    assert ann.post(f"/api/claims/{claim_id}/sent", {"boc": boc}).status_code == 400


def test_the_vault_is_shown_as_the_chain_has_it(app, ann):
    view = ann.app.send("GET", "/api/vault").json()
    assert (view["network"], view["isPaused"], view["inventory"]) == ("-3", False, str(10**6 * 10**9))
    assert view["publicKey"] == app.world.fake_key.public_key().hex()
    assert view["minimumAttachedTon"] == "100000000"


def test_without_a_vault_claims_are_503_and_say_so(app, ann):
    app.has_vault = False
    assert code_of(ann.claim()) == (503, "claims_not_configured")
    assert code_of(app.send("GET", "/api/vault")) == (503, "claims_not_configured")


BAD_AMOUNTS = [
    ("-1", 400),
    ("1.5", 400),
    ("1e3", 400),
    ("0x10", 400),
    ("", 400),
    (" 1", 400),
    ("01", 400),
    ("\u0661\u0660", 400),
    (100, 400),
    (100.0, 400),
    (None, 400),
    (True, 400),
    (["100"], 400),
    ({"amount": "1"}, 400),
    ("9" * 19, 400),
    ("9223372036854775808", 400),
    (str(2**120), 400),
    ("9" * 5_000, 400),
    ("0", 409),
    ("9", 409),
    ("10001", 409),
    ("9223372036854775807", 409),
]


@pytest.mark.parametrize(("amount", "status"), BAD_AMOUNTS, ids=[str(row[0])[:24] for row in BAD_AMOUNTS])
def test_a_bad_amount_is_refused_and_moves_nothing(app, ann, amount, status):
    answer = ann.claim(amount)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert app.world.money(ann.id) == (START_CREDITS, 0)
    assert app.world.fake_key.signed == []


def test_an_amount_above_the_balance_says_what_is_there(app):
    poor = app.user(app.world.player(3, credits=69))
    answer = poor.claim("70")
    assert code_of(answer) == (409, "insufficient_funds")
    assert (answer.json()["need"], answer.json()["have"]) == ("70", "69")


def test_unknown_fields_and_a_missing_key_are_refused(app, ann):
    assert ann.post("/api/claims", {"amount": "10", "wallet": "0:" + "11" * 32}).status_code == 400
    answer = app.send("POST", "/api/claims", headers=ann.headers, json={"amount": "10"})
    assert code_of(answer) == (400, "idempotency_key_required")


def test_two_claims_at_once_from_two_devices_open_one(app, ann):
    both = [ann.claim(key="phone"), ann.claim(key="tablet")]
    assert [answer.status_code for answer in both] == [201, 409]
    assert both[1].json()["code"] == "claim_open"
    assert both[1].json()["claimId"] == both[0].json()["id"]


def test_a_recorded_refusal_is_replayed_and_a_new_key_tries_again(app, ann):
    app.world.game.configure(claim_max_aiba_per_hour=50)
    assert code_of(ann.claim(key="k1")) == (409, "claims_cap_reached")
    app.world.game.configure(claim_max_aiba_per_hour=100_000)
    again = ann.claim(key="k1")
    assert code_of(again) == (409, "claims_cap_reached")
    assert again.headers["idempotent-replayed"] == "true"
    app.world.clock.advance(seconds=3600)
    assert ann.claim(key="k2").status_code == 201


def test_a_banned_player_claims_nothing(app, ann):
    app.world.game.change(ann.id, bans={"withdraw": {"until": 0, "reason": "r", "by": "op", "since": 1}})
    assert code_of(ann.claim()) == (403, "banned")


def test_a_claim_is_paid_only_to_the_wallet_that_was_linked(app, ann):
    ann.claim()
    linked = app.world.committer.view_player(ann.id).state["wallet"]["address"]
    terms = app.world.claim_of(ann.id).terms
    assert terms.recipient == linked
    assert replace(terms, recipient=linked) == terms


def _claims_counted(capsys) -> dict[str, float]:
    found = metrics_in(capsys.readouterr().out.splitlines())
    return {
        dict(dimensions)["state"]: value
        for (name, dimensions), value in found.items()
        if name == "ClaimsRequested"
    }


def test_a_new_claim_is_counted_once_by_the_state_its_request_left_it_in(app, ann, capsys):
    ann.claim()
    assert _claims_counted(capsys) == {"signed": 1}
    ann.claim()
    ann.get(f"/api/claims/{app.world.claim_of(ann.id).terms.id}")
    assert _claims_counted(capsys) == {}


def test_a_claim_that_the_signer_did_not_see_is_counted_as_reserved(app, ann, capsys):
    app.world.signer.is_away = True
    ann.claim()
    assert _claims_counted(capsys) == {"reserved": 1}


def test_a_refused_wish_is_no_claim(app, ann, capsys):
    ann.claim(str(10 * START_CREDITS))
    assert _claims_counted(capsys) == {}


def test_a_claims_line_has_the_pseudonym_that_the_signers_line_has(app, ann, caplog):
    ann.claim()
    claim_id = app.world.claim_of(ann.id).terms.id
    ann.get(f"/api/claims/{claim_id}")
    ann.get("/api/claims")
    lines = [record.__dict__ for record in caplog.records if record.message == "request"]
    assert [line.get("claim") for line in lines] == [claim_pseudonym(claim_id)] * 2 + [None]
    assert signer.about({"claimId": claim_id}) == {"claim": claim_pseudonym(claim_id)}
