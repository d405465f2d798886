"""A link that slept after taking its name: it must not come to have a wallet that is no longer its name's."""

from __future__ import annotations

import pytest

from shared.domain.errors import Refused, Unavailable
from tests.services.test_link_wallet import WALLETS, WalletWorld


@pytest.fixture
def world() -> WalletWorld:
    world = WalletWorld()
    world.claims.game.configure(wallet_cooldown_hours=0)
    return world


def meanwhile(world: WalletWorld, happening) -> None:
    """Let something happen right after the next name is taken."""
    take = world.names.take

    def take_and_sleep(*given, **named):
        world.names.take = take
        owner = take(*given, **named)
        happening()
        return owner

    world.names.take = take_and_sleep


def link_and_unlink(world: WalletWorld) -> None:
    world.link(world.ann, 0)
    world.unlink(world.ann)


def test_a_link_that_slept_through_an_unlink_does_not_take_the_freed_wallet_back(world):
    meanwhile(world, lambda: link_and_unlink(world))
    with pytest.raises(Unavailable) as refused:
        world.link(world.ann, 0)
    assert refused.value.code == "wallet_changed"
    world.link(world.bob, 0)
    assert (world.wallet_of(world.ann), world.wallet_of(world.bob)) == (None, WALLETS[0].address)


def test_a_link_that_slept_until_its_name_was_freed_starts_anew(world):
    def six_minutes_pass() -> None:
        world.claims.clock.advance(seconds=360)
        world.claims.clean()
        world.link(world.bob, 0)

    meanwhile(world, six_minutes_pass)
    with pytest.raises(Unavailable):
        world.link(world.ann, 0)
    assert (world.wallet_of(world.ann), world.owner(0)) == (None, world.bob)


def test_a_name_is_not_taken_for_a_player_who_does_not_exist(world):
    with pytest.raises(Refused) as refused:
        world.link("tg404", 0)
    assert refused.value.code == "player_unknown"
    assert world.owner(0) is None
