"""Claims over HTTP with a part gone: a clear answer, and the same key works later."""

from __future__ import annotations

import asyncio

import pytest

from shared.domain.errors import Unavailable
from tests.functions.claim_app import ClaimApp, ClaimUser, code_of
from tests.services.claim_world import START_CREDITS, ClaimWorld
from tests.services.interrupted_parts import WAYS, Interruption, Killed


@pytest.fixture
def app(event_loop_for_handlers: asyncio.AbstractEventLoop) -> ClaimApp:
    return ClaimApp()


@pytest.fixture
def ann(app: ClaimApp) -> ClaimUser:
    return app.user(app.world.player())


def test_without_the_limiter_claims_are_refused(app, ann):
    app.limiter.is_down = True
    assert code_of(ann.claim()) == (503, "limiter_unavailable")
    app.limiter.is_down = False
    assert ann.claim().status_code == 201


def test_without_the_chain_a_first_claim_is_503_and_its_key_works_later(app, ann):
    app.world.fake_chain.is_down = True
    assert code_of(ann.claim()) == (503, "provider_unavailable")
    assert app.world.money(ann.id) == (START_CREDITS, 0)
    app.world.fake_chain.is_down = False
    assert ann.claim().json()["state"] == "signed"


def test_without_the_signer_the_claim_waits_and_says_so(app, ann):
    app.world.signer.is_away = True
    answer = ann.claim()
    assert (answer.status_code, answer.json()["state"]) == (201, "reserved")
    assert answer.json()["pending"]["code"] == "signer_unavailable"
    assert ann.get(f"/api/claims/{answer.json()['id']}").json()["state"] == "reserved"
    app.world.signer.is_away = False
    assert ann.claim().json()["state"] == "signed"
    assert app.world.money(ann.id) == (START_CREDITS - 100, 100)


def test_reading_a_reserved_claim_signs_nothing_and_its_own_key_does(app, ann):
    app.world.signer.is_away = True
    claim_id = ann.claim().json()["id"]
    app.world.signer.is_away = False
    view = ann.get(f"/api/claims/{claim_id}").json()
    assert (view["state"], "pending" in view, "signature" in view) == ("reserved", False, False)
    assert ann.get("/api/claims").json()["items"] == [view]
    assert ann.post(f"/api/claims/{claim_id}/sent", {"boc": "AAAA"}).json()["state"] == "reserved"
    assert app.world.fake_key.signed == []
    assert ann.claim().json()["state"] == "signed"


def test_reading_an_approved_claim_gets_it_signed(app, ann):
    app.world.game.configure(claim_approval_above_aiba=99)
    claim_id = ann.claim().json()["id"]
    assert ann.get(f"/api/claims/{claim_id}").json()["state"] == "awaiting_approval"
    app.world.approve(app.world.claim_of(ann.id))
    view = ann.get(f"/api/claims/{claim_id}").json()
    assert (view["state"], len(view["transaction"]["messages"])) == ("signed", 1)


def test_without_the_key_service_the_claim_waits_and_no_reason_of_ours_is_told(app, ann):
    app.world.fake_key.failure = Unavailable("no", code="kms_key_disabled")
    answer = ann.claim()
    assert (answer.status_code, answer.json()["pending"]["code"]) == (201, "signer_unavailable")
    assert "kms" not in answer.text
    app.world.fake_key.failure = None
    assert ann.claim().json()["state"] == "signed"


def test_a_pause_is_503_for_new_claims_and_shows_the_old_ones(app, ann):
    view = ann.claim().json()
    bob = app.user(app.world.player(2))
    app.world.pause()
    assert code_of(bob.claim()) == (503, "claims_paused")
    assert ann.get(f"/api/claims/{view['id']}").json() == view
    assert ann.claim().json() == view


@pytest.mark.parametrize("way", WAYS)
def test_any_single_operation_gone_is_a_clear_answer_and_the_same_key_works_later(app, way):
    for at in range(1, 200):
        interruption = Interruption()
        app.enter(ClaimWorld(wrap=interruption.wrap))
        ann = app.user(app.world.player())
        interruption.arm(at, way)
        try:
            answer = ann.claim()
        except Killed:
            answer = None
        interruption.disarm()
        if not interruption.hit:
            return
        if answer is not None:
            assert answer.status_code in (201, 503), (interruption.hit, answer.text)
            if answer.status_code == 503:
                assert answer.headers["retry-after"]
        final = ann.claim()
        assert (final.status_code, final.json()["state"]) == (201, "signed"), interruption.hit
        assert app.world.money(ann.id) == (START_CREDITS - 100, 100)
    pytest.fail("the request never ends")
