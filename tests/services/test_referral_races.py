"""A referral's second half finished by several at once: paid as far as there is room, and burnt once."""

from __future__ import annotations

import contextlib
import copy
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.adapters.mongo_referral_codes import MongoReferralCodes
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import Accepted, Leg, Row, system_key
from shared.domain.money import INT64_MAX
from shared.services.finish_transfer import finish_transfer
from shared.services.use_referral import use_referral
from tests.services.every_order import Work, in_every_order
from tests.services.game_world import GameWorld
from tests.services.test_use_referral import linked_pair, use

NEUR = 250
AIBA = 10
"""What the referrer is promised."""
ROOM = 100
"""What the referrer can still hold of the NEUR when the second half comes."""


class HalfDone:
    """A referral whose referee was paid and whose referrer's half waits, for somebody with little room."""

    def __init__(self, world: GameWorld) -> None:
        self.world = world
        self.referrer, self.referee, self.code = linked_pair(world)
        insert = world.store.insert_row

        def crash_before_the_second_half(row: Row) -> bool:
            if row.account == self.referrer:
                raise Unavailable("killed")
            return insert(row)

        world.store.insert_row = crash_before_the_second_half
        with pytest.raises(Unavailable):
            use(world, self.referee, self.code)
        world.store.insert_row = insert
        world.give(self.referrer, "NEUR", INT64_MAX - ROOM)
        [self.open_row] = world.store.open_rows(limit=9)

    def finish(self, store: Any) -> None:
        """As the janitor does."""
        finish_transfer(self.open_row, committer=replace(self.world.committer, store=store))

    def use_again(self, store: Any) -> None:
        """As the referee's own repetition does."""
        committer = replace(self.world.committer, store=store)
        codes = self.world.codes
        use_referral(
            self.referee, self.code, key="k", fingerprint=self.code, committer=committer, codes=codes
        )

    def moving(self, units: int) -> Work:
        """Other income of the referrer, or spending, in between."""

        def decide(_: Any) -> Accepted:
            legs = (Leg(self.referrer, "NEUR", units), Leg("sys:adjustment", "NEUR", -units))
            return Accepted("adjust", {}, legs)

        def work(store: Any) -> None:
            committer = replace(self.world.committer, store=store)
            key = system_key(self.referrer, "other")
            with contextlib.suppress(Refused):  # there is no room any more
                committer.commit(account=self.referrer, key=key, fingerprint="f", decide=decide, scope=None)

        return work

    def recover(self, store: Any) -> None:
        """Whoever finds the row open finishes it."""
        for row in store.open_rows(limit=9):
            assert row == self.open_row
            self.finish(store)
        assert store.open_rows(limit=9) == []

    def judge(self, store: Any, rows: list[Row]) -> None:
        """Every rule of a transfer's two halves, after all of them came to an end."""
        sums: Counter[tuple[str, str]] = Counter()
        before = 0
        for row in sorted(rows, key=lambda row: row.seq):
            if row.kind == "referralReceived":
                before = sums[self.referrer, "NEUR"]
            for leg in row.legs:
                sums[leg.account, leg.currency] += leg.delta
        for currency in ("NEUR", "AIBA"):
            assert sum(units for (_, of), units in sums.items() if of == currency) == 0
        halves = [row for row in rows if row.kind == "referralReceived"]
        assert [row.key for row in halves] == [f"{self.referrer}:s:ref:{self.referee}"]
        assert not any(units for (account, _), units in sums.items() if account.startswith("transit:"))
        paid = min(NEUR, INT64_MAX - before)
        assert halves[0].answer == {"amounts": {"AIBA": str(AIBA), "NEUR": str(paid)}}
        assert sums["sys:burn", "NEUR"] == NEUR - paid
        player = replace(self.world.committer, store=store).read_player(self.referrer)
        assert player.balances == {"NEUR": sums[self.referrer, "NEUR"], "AIBA": AIBA}
        assert player.state["referralCount"] == 1


@pytest.fixture
def half_done() -> HalfDone:
    return HalfDone(GameWorld())


def explore(
    half_done: HalfDone, *works: Work, faults: int, losing: tuple[str, ...] = ()
) -> tuple[int, set[int]]:
    """(runs, what was burnt in some of them)."""
    burnt: set[int] = set()

    def new_store() -> Any:
        # A lock is no part of what is stored, and nobody here shares one.
        fresh = type(half_done.world.store)()
        for name in ("rows", "keys", "players", "shards", "plans", "lowered"):
            setattr(fresh, name, copy.copy(getattr(half_done.world.store, name)))
        fresh.rows = {name: dict(document) for name, document in fresh.rows.items()}
        return fresh

    def judge(store: Any) -> None:
        half_done.recover(store)
        rows = store.rows_with_ids(list(store.rows))
        half_done.judge(store, rows)
        half_done.finish(store)
        assert store.rows_with_ids(list(store.rows)) == rows, "a repetition changes nothing"
        burnt.add(sum(leg.delta for row in rows for leg in row.legs if leg.account == "sys:burn"))

    return in_every_order(works, new_store=new_store, judge=judge, faults=faults, losing=losing), burnt


def test_two_finishers_in_every_order_and_killed_anywhere_burn_once(half_done: HalfDone) -> None:
    runs, burnt = explore(half_done, half_done.finish, half_done.finish, faults=2)
    print(f"{runs} orders")
    assert burnt == {NEUR - ROOM}


def test_a_janitor_and_the_referee_in_every_order_burn_once(half_done: HalfDone) -> None:
    runs, burnt = explore(half_done, half_done.finish, half_done.use_again, faults=0)
    print(f"{runs} orders")
    assert burnt == {NEUR - ROOM}


def test_finishers_whose_inserts_are_not_acknowledged_burn_once(half_done: HalfDone) -> None:
    losing = ("insert_row", "close_row")
    runs, burnt = explore(half_done, half_done.finish, half_done.finish, faults=1, losing=losing)
    print(f"{runs} orders")
    assert burnt == {NEUR - ROOM}


@pytest.mark.parametrize(("units", "burnt"), [(60, {150, 210}), (-170, {0, 150}), (-1, {149, 150})])
def test_what_the_referrer_earns_or_spends_meanwhile_is_counted_once(
    half_done: HalfDone, units: int, burnt: set[int]
) -> None:
    runs, found = explore(half_done, half_done.finish, half_done.moving(units), faults=1)
    print(f"{runs} orders")
    assert found == burnt


@pytest.mark.parametrize("round_number", range(5))
def test_many_finishers_at_once_on_a_real_store_burn_once(mongo_database: Any, round_number: int) -> None:
    ensure_indexes(mongo_database)
    store = MongoLedgerStore(mongo_database)
    half = HalfDone(GameWorld(store, codes=MongoReferralCodes(mongo_database)))
    works = [half.finish, half.use_again, half.moving(round_number - 2)] * 2
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(work, store) for work in works]:
            done.result()
    half.recover(store)
    rows = store.rows_with_ids([document["_id"] for document in mongo_database["ledger"].find({})])
    half.judge(store, rows)
