"""A player is registered once, whatever crashes in between, and no code is left behind for good."""

from __future__ import annotations

import pytest

from shared.domain.aliases import alias_of
from shared.domain.errors import Unavailable
from shared.domain.game_config import Paused
from shared.ports.watermarks import Watermarks
from shared.services.register_player import register_player
from shared.services.release_codes import CodeKeeper, release_unused_codes
from tests.fakes.watermarks import FakeWatermarks
from tests.services.game_world import GameWorld


@pytest.fixture
def world() -> GameWorld:
    return GameWorld()


def keeper(world: GameWorld, watermarks: Watermarks | None = None) -> CodeKeeper:
    return CodeKeeper(world.committer, world.codes, watermarks or FakeWatermarks(), world.clock)


def test_the_first_session_names_the_player_and_later_ones_change_nothing(world: GameWorld) -> None:
    account = world.register(7)
    player = world.committer.read_player(account)
    assert player.state["alias"] == alias_of(account)
    assert world.codes.owner(player.state["referralCode"]) == account
    world.register(7)
    assert world.committer.read_player(account) == player


def test_a_crash_before_the_row_is_made_good_and_its_code_is_freed(world: GameWorld) -> None:
    insert = world.store.insert_row

    def crash(row: object) -> bool:
        raise Unavailable("killed")

    world.store.insert_row = crash
    with pytest.raises(Unavailable):
        world.register(7)
    (orphan,) = world.codes.taken
    world.store.insert_row = insert
    account = world.register(7)
    kept = world.committer.read_player(account).state["referralCode"]
    assert kept != orphan
    world.clock.advance(seconds=301)
    assert release_unused_codes(keeper(world)).released == 1
    assert list(world.codes.taken) == [kept]


def test_a_registration_that_slept_after_taking_its_code_starts_anew(world: GameWorld) -> None:
    read = world.store.read_player
    asleep = [3]  # the third reading is the one the row is decided on

    def sleepy(account: str) -> object:
        asleep[0] -= 1
        if asleep[0] == 1:
            world.clock.advance(seconds=121)
        return read(account)

    world.store.read_player = sleepy
    with pytest.raises(Unavailable) as late:
        world.register(7)
    assert late.value.code == "code_expired"
    world.store.read_player = read
    account = world.register(7)
    kept = world.committer.read_player(account).state["referralCode"]
    world.clock.advance(seconds=301)
    release_unused_codes(keeper(world))
    assert world.codes.owner(kept) == account


def test_a_code_younger_than_five_minutes_is_left_alone(world: GameWorld) -> None:
    world.codes.take("ffffffffff", world.register(7), now_ms=world.clock.now_ms())
    world.clock.advance(seconds=299)
    assert release_unused_codes(keeper(world)).looked_at == 0


def test_an_old_code_is_not_looked_at_for_ever(world: GameWorld) -> None:
    watermarks = FakeWatermarks()
    world.register(1)
    world.clock.advance(seconds=301)
    assert release_unused_codes(keeper(world, watermarks)).looked_at == 1
    world.clock.advance(seconds=121)
    release_unused_codes(keeper(world, watermarks))
    assert release_unused_codes(keeper(world, watermarks)).looked_at == 0


def test_codes_that_a_run_has_no_time_for_are_left_to_the_next(
    world: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.due_pages.PAGE_SIZE", 2)
    for number in range(1, 8):
        world.register(number)
        world.clock.advance(seconds=1)
    world.clock.advance(seconds=600)
    watermarks = FakeWatermarks()
    looked_at = [release_unused_codes(keeper(world, watermarks), run_for_ms=0).looked_at for _ in range(9)]
    assert looked_at[0] == 2
    assert sum(looked_at) >= 7
    assert looked_at[-1] == 0


def test_a_code_that_is_taken_leads_to_another(world: GameWorld) -> None:
    world.codes.take("taken", "somebody", now_ms=1)
    drawn = iter(["taken", "free"])
    player = register_player(7, committer=world.committer, codes=world.codes, new_code=lambda: next(drawn))
    assert player.state["referralCode"] == "free"


def test_while_logins_are_paused_nobody_signs_in(world: GameWorld) -> None:
    world.set_config(paused=Paused(logins=True))
    with pytest.raises(Unavailable, match="paused"):
        world.register(7)
