"""Claims that a person must approve before the signer signs them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.signing_policy import judge
from tests.services.claim_world import DAY_S, START_CREDITS, wallet_address


@pytest.fixture
def big(world, ann):
    world.game.configure(claim_approval_above_aiba=99)
    return world.ask(ann, 100)


def test_a_claim_above_the_threshold_waits_for_a_person(world, ann, big):
    assert (big.claim.state, big.signer.code, big.signer.rule) == (
        "awaiting_approval",
        "approval_required",
        "approved",
    )
    assert world.fake_key.signed == []
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_an_approved_claim_is_signed_when_its_player_looks(world, ann, big):
    world.approve(big.claim)
    world.settle()
    assert world.fake_key.signed == []
    world.advance(seconds=3600)
    claim = world.look(ann, big.claim.terms.id).claim
    assert claim.state == "signed"
    assert claim.valid_until_s == world.clock.now_ms() // 1000 + 600


def test_an_approval_of_other_terms_approves_nothing(world, ann, big):
    terms = big.claim.terms
    for changed in (
        {"units": 1},
        {"recipient": wallet_address(9)},
        {"seqno": 9},
        {"id": "x"},
        {"network": -239},
    ):
        world.approve(big.claim, binding=replace(terms, **changed).binding())
        assert world.look(ann, terms.id).claim.state == "awaiting_approval"
    assert world.fake_key.signed == []


def test_an_approval_expires_after_a_day(world, big):
    facts = world.signing._gather(big.claim.terms.id)[0]
    world.approve(big.claim)
    approved = world.signing._gather(big.claim.terms.id)[0]
    at = approved.approval.approved_ms
    assert judge(replace(approved, now_ms=at + DAY_S * 1000)).is_allowed
    assert judge(replace(approved, now_ms=at + DAY_S * 1000 + 1)).rule == "approved"
    assert judge(facts).rule == "approved"


def test_a_claim_whose_approval_expired_waits_again(world, ann, big):
    # Reserved late in the approval's life: the claim itself is still younger than a day.
    world.approve(big.claim)
    claim_id = big.claim.terms.id
    old = replace(world.approvals.read(claim_id), approved_ms=world.clock.now_ms() - DAY_S * 1000 - 1)
    world.approvals.write(claim_id, old)
    assert world.look(ann, claim_id).claim.state == "awaiting_approval"


def test_a_rejected_claim_is_never_signed_and_settle_returns_its_credits(world, ann, big):
    world.move(big.claim, state="rejected", reason="looks wrong")
    assert world.signing.sign_claim(big.claim.terms.id).rule == "state_may_be_signed"
    assert world.settle().refunded == 1
    assert world.money(ann) == (START_CREDITS, 0)
    assert world.claim_of(ann).reason == "looks wrong"
    assert world.signing.sign_claim(big.claim.terms.id).rule == "not_settled"
