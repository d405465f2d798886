"""Challenges go an hour after their time; what is gone is as worthless as what was used or expired."""

from __future__ import annotations

import pytest

from shared.services.forget_challenges import KEPT_MS, ChallengeKeeper, forget_challenges
from shared.services.link_wallet import CHALLENGE_VALID_MS, create_challenge
from tests.services.test_link_wallet import WALLETS, WalletWorld

KEPT_S = (CHALLENGE_VALID_MS + KEPT_MS) // 1000


@pytest.fixture
def world() -> WalletWorld:
    return WalletWorld()


def forget(world: WalletWorld) -> int:
    return forget_challenges(ChallengeKeeper(world.desk.challenges, world.desk.clock)).forgotten


def test_a_challenge_is_kept_for_an_hour_after_its_time_and_then_forgotten(world):
    create_challenge(world.desk, account=world.ann)
    world.claims.clock.advance(seconds=KEPT_S)
    assert forget(world) == 0
    world.claims.clock.advance(seconds=1)
    assert (forget(world), forget(world)) == (1, 0)


def test_a_used_challenge_that_was_forgotten_links_nothing_a_second_time(world):
    proof = world.proof(world.ann, WALLETS[0])
    world.link(world.ann, 0, proof=proof, key="k")
    world.claims.clock.advance(seconds=KEPT_S + 1)
    assert forget(world) == 1
    assert world.link(world.ann, 0, proof=proof, key="k")["address"] == WALLETS[0].address
    assert not world.desk.challenges.consume(proof.challenge, account=world.ann, now_ms=0)


def test_a_keeper_whose_clock_is_far_ahead_leaves_a_challenge_that_is_still_good(world):
    proof = world.proof(world.ann, WALLETS[0])
    now_ms = world.claims.clock.time_ms
    world.claims.clock.advance(seconds=KEPT_S)
    assert forget(world) == 0
    world.claims.clock.time_ms = now_ms
    assert world.link(world.ann, 0, proof=proof)["address"] == WALLETS[0].address
