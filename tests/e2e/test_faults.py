"""A part that stops: a clear 503 (or the documented fallback) within 3 s, and the same key works later."""

from __future__ import annotations

import time

import pytest

from infra.local.player_wallet import PlayerWallet
from tests.e2e.test_concurrency import battle


def timed(call):
    """The last answer and the fastest of three: what else the machine does is not the backend's wait."""
    took_s = []
    for _ in range(3):
        started_s = time.monotonic()
        answer = call()
        took_s.append(time.monotonic() - started_s)
    return answer, min(took_s)


def claim(app, key: str):
    """POST a claim; on a busy machine the limiter's 300 ms may pass, and then the same key is sent again."""
    for _ in range(5):
        answer = app.call("POST", "/api/claims", {"amount": "10"}, key=key)
        if answer.json().get("code") != "limiter_unavailable":
            break
    return answer


def link_wallet(stack, app) -> None:
    wallet = PlayerWallet()
    challenge = app.call("POST", "/api/wallet/challenge").json()["payload"]
    proof = wallet.prove(
        domain=stack.settings["WALLET_PROOF_DOMAINS"], challenge=challenge, now_s=stack.now_ms() // 1000
    )
    account = wallet.tonconnect_account(network_id=stack.world.network_id)
    linked = app.call("POST", "/api/wallet", {"account": account, "proof": proof}, key="wallet")
    assert linked.is_success, linked.text
    stack.advance_clock(24 * 3600 + 60)
    app.sign_in(now_s=stack.now_ms() // 1000)


@pytest.fixture
def claimant(stack, new_player):
    app = new_player()
    assert battle(app, "reward").is_success
    link_wallet(stack, app)
    return app


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_without_the_database_a_battle_is_503_and_its_key_works_later(stack, new_player, how):
    app = new_player()
    stack.pause("mongo") if how == "frozen" else stack.kill("mongo")
    try:
        answer, took_s = timed(lambda: battle(app, "later"))
    finally:
        stack.resume("mongo") if how == "frozen" else stack.restart("mongo")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "database_unavailable"
    assert took_s < 3
    assert battle(app, "later").is_success


def test_without_the_limiter_battles_go_on_and_claims_refuse(stack, claimant):
    stack.kill("upstash")
    try:
        fought, took_s = timed(lambda: battle(claimant, "no-limiter"))
        claimed, claim_took_s = timed(lambda: claim(claimant, "c1"))
    finally:
        stack.restart("upstash")
    assert fought.is_success, fought.text
    assert (claimed.status_code, claimed.json()["code"]) == (503, "limiter_unavailable")
    assert max(took_s, claim_took_s) < 3
    assert claim(claimant, "c1").json()["state"] == "signed"


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_without_kms_a_claim_stays_reserved_and_its_key_signs_later(stack, claimant, how):
    stack.pause("kms") if how == "frozen" else stack.kill("kms")
    try:
        answer, took_s = timed(lambda: claim(claimant, "c1"))
    finally:
        stack.resume("kms") if how == "frozen" else stack.restart("kms")
    # The credits are in escrow already, so the claim is answered as it stands, with what it waits for.
    assert (answer.status_code, answer.json()["state"]) == (201, "reserved")
    assert answer.json()["pending"]["code"] == "signer_unavailable"
    assert took_s < 3
    listed = claimant.call("GET", "/api/claims").json()["items"]
    assert [claim["state"] for claim in listed] == ["reserved"]
    later = claim(claimant, "c1")
    assert (later.status_code, later.json()["state"]) == (201, "signed")


def test_without_the_chain_a_first_claim_is_503_and_nothing_is_reserved(stack, claimant):
    stack.pause("chain")
    try:
        answer, took_s = timed(lambda: claim(claimant, "c1"))
    finally:
        stack.resume("chain")
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert took_s < 3.2
    assert claimant.call("GET", "/api/claims").json()["items"] == []
    assert claim(claimant, "c1").json()["state"] == "signed"
