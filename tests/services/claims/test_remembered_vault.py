"""What strangers are shown of the vault: at most five seconds old, and cheap however often they ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.bootstrap.remembered_vault import RememberedVault
from shared.domain.errors import Unavailable
from tests.services.claim_world import ClaimWorld


@pytest.fixture
def world() -> ClaimWorld:
    return ClaimWorld()


@pytest.fixture
def shown(world: ClaimWorld) -> RememberedVault:
    return RememberedVault(world.chain, world.clock)


def spend(world: ClaimWorld) -> int:
    """The vault pays somebody; what is left in it."""
    left = world.chain.account.jetton_units - 1
    world.chain.account = replace(world.chain.account, jetton_units=left)
    return left


def test_whoever_asks_again_within_five_seconds_asks_no_provider(
    world: ClaimWorld, shown: RememberedVault
) -> None:
    first = shown.vault_account()
    left = spend(world)
    world.clock.advance(seconds=4.999)
    assert shown.vault_account() == first
    world.clock.advance(seconds=0.001)
    assert shown.vault_account().jetton_units == left


def test_a_clock_that_was_set_back_shows_nothing_old(world: ClaimWorld, shown: RememberedVault) -> None:
    shown.vault_account()
    left = spend(world)
    world.clock.advance(seconds=-60)
    assert shown.vault_account().jetton_units == left


def test_a_provider_that_is_away_is_said_so_and_asked_again_a_second_later(
    world: ClaimWorld, shown: RememberedVault
) -> None:
    world.chain.is_down = True
    with pytest.raises(Unavailable) as first:
        shown.vault_account()
    world.chain.is_down = False
    world.clock.advance(seconds=0.999)
    with pytest.raises(Unavailable) as second:
        shown.vault_account()
    assert second.value.code == first.value.code
    world.clock.advance(seconds=0.001)
    assert shown.vault_account() == world.chain.account


def test_claims_are_decided_by_the_chain_of_this_moment(world: ClaimWorld, shown: RememberedVault) -> None:
    wallet = "0:" + "ab" * 32
    assert shown.vault_snapshot(wallet).last_seqno == 0
    world.chain.execute_claim(wallet, seqno=1, units=1)
    assert shown.vault_snapshot(wallet).last_seqno == 1
    assert len(shown.deliveries(since_s=0)) == 1
    assert shown.network_id() == world.chain.network_id()
    world.chain.reject_claim("ab" * 32, exit_code=1001)
    assert len(shown.rejections(since_s=0)) == 1
