"""Every invariant of the ledger, broken by a forger: the audit names which, and the row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_ledger_scan import MongoLedgerScan
from shared.ports.ledger import BudgetShard
from shared.services.verify_ledger import Verification, verify_ledger
from tests.fakes.audit import FakeLedgerScan
from tests.services.audited_world import Forger, busy_world
from tests.services.game_world import GameWorld


def verified(world: GameWorld, **options) -> Verification:
    return verify_ledger(
        FakeLedgerScan(world.store), now_ms=world.clock.now_ms(), **{"late_ms": 0, **options}
    )


@pytest.fixture
def world() -> GameWorld:
    return busy_world()


@pytest.fixture
def forger(world: GameWorld) -> Forger:
    return Forger(world)


def test_an_honest_ledger_has_no_violation_and_its_books_close(world):
    found = verified(world)
    assert found.violations == []
    assert (found.rows, found.accounts) == (len(world.store.rows), 2)
    assert found.statement.refusals == 1
    assert found.statement.differences() == {}
    assert found.leaks == []


def test_an_honest_ledger_on_mongodb_has_no_violation_either(mongo_database):
    ensure_indexes(mongo_database)
    world = busy_world(store=MongoLedgerStore(mongo_database))
    found = verify_ledger(MongoLedgerScan(mongo_database), now_ms=world.clock.now_ms(), late_ms=0)
    assert found.violations == []
    assert found.accounts == 2
    assert found.rows > 15


def test_a_forged_row_on_mongodb_is_named(mongo_database):
    ensure_indexes(mongo_database)
    world = busy_world(store=MongoLedgerStore(mongo_database))
    mongo_database["ledger"].update_one({"_id": "tg1:4"}, {"$set": {"kind": "gift"}})
    found = verify_ledger(MongoLedgerScan(mongo_database), now_ms=world.clock.now_ms(), late_ms=0)
    assert [(violation.invariant, violation.where) for violation in found.violations] == [(3, "tg1:4")]


def add_legs(*legs: tuple[str, str, int]) -> Callable[[dict], None]:
    return lambda row: row["legs"].extend({"a": a, "c": c, "d": d} for a, c, d in legs)


def leg_delta(position: int, delta: int) -> Callable[[dict], None]:
    return lambda row: row["legs"][position].update(d=delta)


def put(**fields) -> Callable[[dict], None]:
    return lambda row: row.update(fields)


ROW_FORGERIES = {
    "a leg grew": (1, "battle", leg_delta(1, 1_000)),
    "a currency nobody knows": (1, "battle", add_legs(("tg1", "GOLD", 1), ("sys:burn", "GOLD", -1))),
    "a leg on somebody else": (1, "battle", add_legs(("tg2", "STARS", 1), ("tg1", "STARS", -1))),
    "a balance below zero": (2, "battle", add_legs(("tg1", "DIAMONDS", -9), ("sys:fee", "DIAMONDS", 9))),
    "the key of a client on a system row": (3, "register", put(k="tg2:s:register")),
    "a key of no kind": (3, "battle", put(k="tg1:x:1")),
    "another's number": (3, "battle", put(seq=40)),
    "no form": (3, "battle", put(legs="none")),
    "minted without a hold": (5, "battle", put(bud=[])),
    "held less than minted": (5, "battle", lambda row: row["bud"][0].__setitem__(1, 1)),
    "open for a day": (6, "battle", lambda row: row.update(open=1, ts=row["ts"])),
    "a claim that is not there": (
        8,
        "claim_refunded",
        lambda row: row["res"].update(claimId="c000"),
    ),
    "escrow without a claim": (8, "claim", lambda row: row["set"]["claim.open"].update(credits=3)),
    "back in time": (9, "claim", put(ts=5)),
}


@pytest.mark.parametrize("name", ROW_FORGERIES)
def test_a_resealed_forgery_is_found_and_its_row_is_named(world, forger, name):
    invariant, kind, change = ROW_FORGERIES[name]
    where = forger.first("tg1", kind)
    if name == "open for a day":
        world.clock.advance(seconds=86_400)
    forger.row(where, change)
    found = verified(world).violations
    assert (invariant, where) in [(violation.invariant, violation.where) for violation in found]


def test_a_change_without_new_hashes_is_found_at_its_own_row(world, forger):
    where = forger.first("tg1", "daily")
    forger.row(where, lambda row: row["res"].update(reward={"NEUR": "999"}), reseal=False)
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(3, where)]


def test_a_field_no_row_has_breaks_the_hash(world, forger):
    forger.row("tg1:2", put(note="hidden"), reseal=False)
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(3, "tg1:2")]


def test_a_removed_row_is_a_gap(world, forger):
    del world.store.rows["tg1:4"]
    assert (3, "tg1:4") in [(v.invariant, v.where) for v in verified(world).violations]


def test_a_key_used_twice_is_found(world, forger):
    first, second = (forger.store.rows[name] for name in ("tg1:4", "tg1:5"))
    forger.row("tg1:5", put(k=first["k"]))
    assert second["k"] == first["k"]
    assert (3, "tg1:5") in [(v.invariant, v.where) for v in verified(world).violations]


PLAYER_FORGERIES = {
    "a richer player": lambda player: {"balances": {**player.balances, "AIBA": 10**6}},
    "an escrow of nothing": lambda player: {"escrow": {"AIBA": 99}},
    "a broker of steel": lambda player: {"state": {**player.state, "brokers": {}}},
    "another head": lambda player: {"head": "f" * 64},
    "another time": lambda player: {"ts_ms": 7},
    "a ban lifted by hand": lambda player: {"state": {**player.state, "bans": {}}},
}


@pytest.mark.parametrize("name", PLAYER_FORGERIES)
def test_a_player_that_is_not_the_fold_of_its_rows_is_named(world, forger, name):
    forger.player("tg2", **PLAYER_FORGERIES[name](world.store.players["tg2"]))
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(4, "tg2")]


def test_a_refusal_for_funds_that_were_there_is_found(world, forger):
    where = forger.first("tg2", "buyBroker", ok=False)
    forger.row(where, lambda row: row["res"]["extra"].update(need="1"))
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(7, where)]


def test_a_refusal_that_moves_money_is_found(world, forger):
    where = forger.first("tg2", "buyBroker", ok=False)
    forger.row(where, add_legs(("tg2", "STARS", 5), ("sys:emission", "STARS", -5)))
    found = {(v.invariant, v.where) for v in verified(world).violations}
    assert (1, where) in found


def test_a_shard_that_gave_less_than_rows_hold_is_named(world):
    shard = next(shard for shard in world.store.shards.values() if shard.id.startswith("AIBA:"))
    world.store.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.cap - 1)
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(5, shard.id)]


def test_rows_that_hold_a_shard_that_is_gone_are_found(world):
    shard = next(name for name in world.store.shards if name.startswith("NEUR:"))
    del world.store.shards[shard]
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(5, shard)]


def test_a_hold_in_no_row_is_a_leak_and_no_violation(world):
    shard = next(shard for shard in world.store.shards.values() if shard.id.startswith("AIBA:"))
    world.store.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.available - 2_000)
    found = verified(world)
    assert found.violations == []
    assert [(leak.group, leak.units, leak.is_alarming) for leak in found.leaks] == [
        (shard.id.rsplit(":", 1)[0], 2_000, True)
    ]


def test_a_row_without_a_player_is_found(world, forger):
    del world.store.players["tg2"]
    found = {(v.invariant, v.where) for v in verified(world).violations}
    assert {(4, f"tg2:{seq}") for seq in range(1, 8)} <= found


def test_a_row_behind_a_gap_is_found(world, forger):
    far = forger.copy("tg2:7") | {"_id": "tg2:90", "seq": 90, "k": "tg2:c:far", "legs": [], "bud": []}
    world.store.rows["tg2:90"] = far
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(3, "tg2:90")]


def test_a_closed_transfer_without_its_second_half_is_found(world, forger):
    last = max(row["seq"] for row in world.store.rows.values() if row["acct"] == "tg1")
    for seq in range(int(forger.first("tg1", "referralReceived").split(":")[1]), last + 1):
        del world.store.rows[f"tg1:{seq}"]
    assert (6, forger.first("tg2", "referral")) in [
        (v.invariant, v.where) for v in verified(world).violations
    ]


def test_money_taken_out_of_transit_that_was_never_put_in_is_found(world, forger):
    where = forger.first("tg2", "referral")
    forger.row(where, lambda row: row.update(legs=[], bud=[]))
    assert (1, "transit") in [(v.invariant, v.where) for v in verified(world).violations]


def test_rows_that_wait_for_their_projection_are_counted_and_right(world, monkeypatch):
    monkeypatch.setattr(world.store, "project_row", lambda row: None)
    world.give("tg1", "NEUR", 5)
    found = verified(world)
    assert found.violations == []
    assert found.unprojected == 1


def test_an_open_transfer_is_right_for_five_minutes(world, forger):
    world.clock.advance(seconds=600)
    where = forger.first("tg2", "referral")
    forger.store.rows[where]["open"] = 1
    assert [(v.invariant, v.where) for v in verified(world).violations] == [(6, where)]
    world.clock.advance(seconds=-500)
    assert verified(world).violations == []


def test_only_the_first_hundred_violations_are_kept_and_all_are_counted(world, forger):
    for name in list(world.store.rows):
        for number in range(20):
            world.store.rows[f"x{number}:{name}"] = forger.copy(name) | {"_id": f"x{number}:{name}"}
    found = verified(world)
    assert len(found.violations) == 100
    assert found.count == 20 * found.rows
