"""Referrals: two accounts, two rows, and every way in which the second may come late."""

from __future__ import annotations

import pytest

from shared.domain.errors import Refused, Unavailable
from shared.domain.game_config import Paused
from shared.domain.ledger import Row
from shared.domain.money import INT64_MAX
from shared.services.commit import Outcome
from shared.services.finish_transfer import finish_transfer
from shared.services.use_referral import read_referral, use_referral
from tests.services.game_world import GameWorld

WALLET = {"address": "0:" + "00" * 32}


@pytest.fixture
def world() -> GameWorld:
    return GameWorld()


def linked_pair(world: GameWorld) -> tuple[str, str, str]:
    referrer, referee = world.register(1), world.register(2)
    for account in (referrer, referee):
        world.change(account, wallet=WALLET)
    return referrer, referee, read_referral(referrer, committer=world.committer)["code"]


def use(world: GameWorld, account: str, code: str, key: str = "k") -> Outcome:
    return use_referral(
        account, code, key=key, fingerprint=code, committer=world.committer, codes=world.codes
    )


def balances(world: GameWorld, account: str) -> tuple[int, int]:
    player = world.committer.read_player(account)
    return player.balance("NEUR"), player.balance("AIBA")


def refusal(world: GameWorld, account: str, code: str, key: str = "k") -> str:
    with pytest.raises(Refused) as refused:
        use(world, account, code, key).answer()
    return refused.value.code


def test_both_sides_are_paid_once_and_nothing_stays_open(world: GameWorld) -> None:
    referrer, referee, code = linked_pair(world)
    use(world, referee, code)
    use(world, referee, code)
    assert balances(world, referrer) == (250, 10)
    assert balances(world, referee) == (150, 5)
    assert world.store.open_rows(limit=10) == []
    assert read_referral(referrer, committer=world.committer)["referredPlayers"] == 1


def test_a_transfer_left_open_by_a_crash_is_finished_by_whoever_finds_it(world: GameWorld) -> None:
    referrer, referee, code = linked_pair(world)
    use(world, referee, code)
    half = world.store.row_by_key(f"{referee}:c:k")
    world.store.rows[half.id]["open"] = 1  # the crash came before the row was closed
    for row in world.store.open_rows(limit=10):
        finish_transfer(row, committer=world.committer)
    assert balances(world, referrer) == (250, 10)
    assert world.store.open_rows(limit=10) == []


def test_over_the_cap_nobody_is_paid_and_the_use_is_kept(world: GameWorld) -> None:
    world.configure(daily_cap_aiba=14)
    referrer, referee, code = linked_pair(world)
    assert refusal(world, referee, code) == "cap_reached"
    assert balances(world, referrer) == balances(world, referee) == (0, 0)
    world.configure(daily_cap_aiba=1_000_000)
    world.clock.advance(seconds=86_400)
    use(world, referee, code, key="tomorrow")
    assert balances(world, referee) == (150, 5)


def test_while_emission_is_paused_nothing_is_decided(world: GameWorld) -> None:
    _, referee, code = linked_pair(world)
    world.set_config(paused=Paused(emission=True))
    with pytest.raises(Unavailable):
        use(world, referee, code)
    world.set_config(paused=Paused())
    assert not use(world, referee, code).is_replay


def test_a_pause_takes_no_paid_referral_back(world: GameWorld) -> None:
    _, referee, code = linked_pair(world)
    paid = use(world, referee, code).answer()
    world.set_config(paused=Paused(emission=True))
    assert use(world, referee, code).answer() == paid


def test_a_referrer_who_can_hold_no_more_is_named_and_the_use_is_kept(world: GameWorld) -> None:
    referrer, referee, code = linked_pair(world)
    world.give(referrer, "NEUR", INT64_MAX - 249)
    assert refusal(world, referee, code) == "referrer_balance_limit"
    assert balances(world, referee) == (0, 0)


def test_a_second_half_without_room_is_paid_as_far_as_it_goes_and_the_rest_is_burnt(world: GameWorld) -> None:
    referrer, referee, code = linked_pair(world)
    insert = world.store.insert_row

    def crash_before_the_second_half(row: Row) -> bool:
        if row.account == referrer:
            raise Unavailable("killed")
        return insert(row)

    world.store.insert_row = crash_before_the_second_half
    with pytest.raises(Unavailable):
        use(world, referee, code)
    world.store.insert_row = insert
    world.give(referrer, "NEUR", INT64_MAX - 100)
    assert use(world, referee, code).is_replay
    assert balances(world, referrer) == (INT64_MAX, 10)
    assert world.store.open_rows(limit=10) == []
    half = world.store.row_by_key(f"{referrer}:s:ref:{referee}")
    assert half is not None
    assert half.answer == {"amounts": {"AIBA": "10", "NEUR": "100"}}
    assert {(leg.account, leg.currency, leg.delta) for leg in half.legs} >= {("sys:burn", "NEUR", 150)}


def test_every_reason_to_refuse_a_code_has_its_own_name(world: GameWorld) -> None:
    referrer, referee, code = linked_pair(world)
    assert refusal(world, referee, "0123456789", "k1") == "referral_code_unknown"
    assert refusal(world, referrer, code, "k2") == "referral_own_code"
    newcomer = world.register(3)
    assert refusal(world, newcomer, code, "k3") == "wallet_required"
    own = read_referral(newcomer, committer=world.committer)["code"]
    assert refusal(world, referee, own, "k4") == "referrer_wallet_required"
    use(world, referee, code, "k5")
    assert refusal(world, referee, code, "k6") == "referral_used"


def test_a_code_its_owners_row_does_not_confirm_counts_for_nothing(world: GameWorld) -> None:
    referrer, referee, _ = linked_pair(world)
    world.codes.take("ffffffffff", referrer, now_ms=1)
    assert refusal(world, referee, "ffffffffff") == "referral_code_unknown"
