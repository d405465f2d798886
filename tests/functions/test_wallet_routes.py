"""Wallets over HTTP: linked by a proof, let go, and every lie refused."""

from __future__ import annotations

import asyncio

import pytest

from infra.local.player_wallet import PlayerWallet
from tests.functions.claim_app import ClaimApp, ClaimUser, code_of
from tests.services.claim_world import VAULT


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> ClaimApp:
    return ClaimApp()


@pytest.fixture
def newcomer(app: ClaimApp) -> ClaimUser:
    return app.user(app.world.game.register(9))


def test_a_wallet_is_linked_shown_and_let_go(app, newcomer):
    wallet = PlayerWallet(b"\x01" * 32)
    body = newcomer.link_body(wallet)
    linked = newcomer.post("/api/wallet", body, key="w1")
    assert (linked.status_code, linked.json()["address"]) == (201, wallet.address)
    assert set(linked.json()) == {"address", "network", "version", "linkedAt", "claimsFrom"}
    replayed = newcomer.post("/api/wallet", body, key="w1")
    assert replayed.json() == linked.json()
    gone = newcomer.delete("/api/wallet", key="u1")
    assert (gone.status_code, gone.json()) == (200, {"address": wallet.address})
    assert code_of(newcomer.delete("/api/wallet", key="u2")) == (409, "wallet_required")


def test_a_replayed_nonce_is_refused(app, newcomer):
    body = newcomer.link_body(PlayerWallet(b"\x01" * 32))
    assert newcomer.post("/api/wallet", body, key="w1").status_code == 201
    assert code_of(newcomer.post("/api/wallet", body, key="w2")) == (409, "challenge_unknown")


def test_an_expired_nonce_is_refused(app, newcomer):
    challenge = newcomer.post("/api/wallet/challenge").json()["payload"]
    app.world.clock.advance(seconds=601)
    wallet = PlayerWallet(b"\x01" * 32)
    now_s = app.world.clock.now_ms() // 1000
    body = {
        "account": wallet.tonconnect_account(network_id=VAULT.network),
        "proof": wallet.prove(domain="play.arena.example", challenge=challenge, now_s=now_s),
    }
    assert code_of(newcomer.post("/api/wallet", body)) == (409, "challenge_unknown")


def test_a_wallet_another_player_has_is_refused(app, newcomer):
    other = app.user(app.world.game.register(10))
    wallet = PlayerWallet(b"\x01" * 32)
    assert other.post("/api/wallet", other.link_body(wallet)).status_code == 201
    assert code_of(newcomer.post("/api/wallet", newcomer.link_body(wallet))) == (409, "wallet_taken")


def test_a_wallet_of_the_wrong_network_is_refused(app, newcomer):
    body = newcomer.link_body(PlayerWallet(b"\x01" * 32))
    body["account"]["chain"] = "-239"
    assert code_of(newcomer.post("/api/wallet", body)) == (400, "wrong_network")


BAD_ADDRESSES = [
    "",
    "0:",
    "0:" + "11" * 31,
    "0:" + "11" * 33,
    "0:" + "gg" * 32,
    "-1:" + "11" * 32,
    "1:" + "11" * 32,
    "300:" + "11" * 32,
    "0x" + "11" * 32,
    "00:" + "11" * 32,
    " 0:" + "11" * 32,
    "EQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM9c",
    "EQ" + "A" * 45,
    "\u0660:" + "11" * 32,
    "0:" + "11" * 32,
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_of_any_other_form_or_wallet_is_refused_and_links_nothing(app, newcomer, address):
    body = newcomer.link_body(PlayerWallet(b"\x01" * 32))
    body["account"]["address"] = address
    answer = newcomer.post("/api/wallet", body)
    assert answer.status_code == 400, answer.text
    assert app.world.names.names == {}
