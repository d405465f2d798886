"""The commit protocol and the store's contract, on the fake and on MongoDB's wire protocol alike."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_ledger import MongoLedgerStore
from shared.domain.budgets import BudgetPlan
from shared.domain.errors import InvariantBroken, OutcomeUnknown, Refused
from shared.domain.game_config import Economy, GameConfig, Paused
from shared.domain.ledger import (
    Accepted,
    Declined,
    Emission,
    Hold,
    Leg,
    admin_key,
    client_key,
    row_document,
    row_hash,
    system_key,
)
from shared.domain.row_heads import RowHead
from shared.services.commit import Committer, DecisionContext
from shared.services.hold_budgets import BudgetHolder
from tests.fakes import FakeClock, FakeGameConfigs, FakeLedgerStore


@pytest.fixture(params=["fake", "mongo"])
def store(request):
    if request.param == "fake":
        return FakeLedgerStore()
    database = request.getfixturevalue("mongo_database")
    ensure_indexes(database)
    return MongoLedgerStore(database)


def plan_of(config: GameConfig, name: str) -> BudgetPlan:
    return BudgetPlan(cap=config.economy.daily_cap_aiba, shards=2)


class World:
    def __init__(self, store, *, cap: int = 1_000, names: str = "a") -> None:
        self.store = store
        self.clock = FakeClock()
        self.configs = FakeGameConfigs(GameConfig(economy=replace(Economy(), daily_cap_aiba=cap)))
        numbers = itertools.count()
        self.attempts = lambda: f"{names}{next(numbers)}"
        self.committer = self.another_process()

    def another_process(self) -> Committer:
        return Committer(
            self.store, self.configs, self.clock, BudgetHolder(self.store, plan_of), self.attempts
        )

    def commit(self, key: str, decide, *, account: str = "ann", fp: str = "f", **options):
        return self.committer.commit(
            account=account, key=client_key(account, key), fingerprint=fp, decide=decide, **options
        )

    def start(self, *accounts: str) -> None:
        for account in accounts or ("ann",):
            self.store.create_player(account, now_ms=self.clock.now_ms())


@pytest.fixture
def world(store):
    world = World(store)
    world.start()
    return world


def earn(amount: int, currency: str = "NEUR"):
    def decide(context: DecisionContext) -> Accepted:
        legs = (Leg("sys:adjustment", currency, -amount), Leg(context.player.id, currency, amount))
        return Accepted("credit", {"balance": str(context.player.balance(currency) + amount)}, legs)

    return decide


def spend(amount: int):
    def decide(context: DecisionContext):
        have = context.player.balance("NEUR")
        if have < amount:
            return Declined(
                "spend", "insufficient_funds", "not enough", {"need": str(amount), "have": str(have)}
            )
        legs = (Leg(context.player.id, "NEUR", -amount), Leg("sys:burn", "NEUR", amount))
        return Accepted("spend", {"left": str(have - amount)}, legs, changes={"spent": {"last": amount}})

    return decide


def emit(amount: int):
    def decide(context: DecisionContext):
        if context.emission_block:
            return Accepted("battle", {"reward": "0", "why": context.emission_block})
        legs = (Leg("sys:emission", "AIBA", -amount), Leg(context.player.id, "AIBA", amount))
        return Accepted("battle", {"reward": str(amount)}, legs, emissions=(Emission("AIBA", amount),))

    return decide


def test_a_decision_becomes_one_row_and_its_projection(world):
    outcome = world.commit("k1", earn(10))
    player = world.committer.read_player("ann")
    assert outcome.row.seq == 1
    assert (player.seq, player.balances, player.head) == (1, {"NEUR": 10}, outcome.row.hash)


def test_a_row_comes_back_from_the_store_exactly_as_it_was_sealed(world):
    world.commit("k0", earn(2**62))
    world.commit("k1", spend(2**40))
    for seq in (1, 2):
        document = row_document(world.store.row_at("ann", seq))
        assert row_hash(document) == document["h"]
    assert world.store.row_at("ann", 2).previous_hash == world.store.row_at("ann", 1).hash


def test_the_same_key_answers_the_same_and_commits_once(world):
    first = world.commit("k1", earn(10))
    second = world.commit("k1", earn(10))
    assert not first.is_replay
    assert second.is_replay
    assert second.answer() == first.answer()
    assert world.committer.read_player("ann").balances == {"NEUR": 10}


def test_a_key_used_for_another_request_is_refused_and_nothing_changes(world):
    world.commit("k1", earn(10))
    with pytest.raises(Refused) as refused:
        world.commit("k1", earn(10), fp="other")
    assert refused.value.code == "idempotency_key_reused"
    assert world.committer.read_player("ann").seq == 1


def test_a_refusal_is_a_row_and_stays_the_answer_when_funds_arrive_later(world):
    with pytest.raises(Refused) as first:
        world.commit("k1", spend(5)).answer()
    world.commit("k2", earn(10))
    with pytest.raises(Refused) as again:
        world.commit("k1", spend(5)).answer()
    assert first.value.code == again.value.code == "insufficient_funds"
    assert again.value.extra["have"] == "0"
    assert world.commit("k3", spend(5)).answer() == {"left": "5"}


def test_the_thirty_first_refusal_of_an_hour_is_not_recorded_but_old_keys_still_replay(world):
    for number in range(30):
        assert not world.commit(f"n{number}", spend(5)).row.ok
    with pytest.raises(Refused) as refused:
        world.commit("n30", spend(5))
    assert refused.value.code == "too_many_refusals"
    assert 0 < refused.value.extra["retryAfterMs"] <= 3_600_000
    assert world.store.row_by_key(client_key("ann", "n30")) is None
    assert world.commit("n3", spend(5)).is_replay
    world.clock.advance(seconds=3600)
    assert not world.commit("n30", spend(5)).row.ok


@pytest.mark.parametrize(
    "key_of",
    [lambda name: admin_key("ann", "op", name), lambda name: system_key("ann", name)],
    ids=["a", "s"],
)
def test_a_refusal_no_client_asked_for_neither_uses_the_ration_up_nor_is_stopped_by_it(world, key_of):
    def commit(name):
        return world.committer.commit(
            account="ann", key=key_of(name), fingerprint="f", decide=spend(5), scope=None
        )

    for number in range(31):
        assert not commit(f"before{number}").row.ok
    for number in range(30):
        assert not world.commit(f"n{number}", spend(5)).row.ok
    late = commit("late")
    assert (late.row.ok, late.row.answer["code"]) == (False, "insufficient_funds")
    assert commit("late").is_replay
    with pytest.raises(Refused) as refused:
        world.commit("n30", spend(5))
    assert refused.value.code == "too_many_refusals"


def test_a_stale_view_rolls_forward_and_decides_again(world):
    world.commit("k1", earn(10))
    stale = world.store.read_player("ann")
    other = world.another_process()

    def spend_after_another(context):
        if context.player.seq == stale.seq:
            other.commit(account="ann", key=client_key("ann", "k2"), fingerprint="f", decide=spend(8))
        return spend(8)(context)

    outcome = world.commit("k3", spend_after_another)
    assert not outcome.row.ok
    assert outcome.row.seq == 3
    assert world.committer.read_player("ann").balances == {"NEUR": 2}


def test_an_unprojected_row_is_finished_by_whoever_reads_next(world, monkeypatch):
    monkeypatch.setattr(world.store, "project_row", lambda row: None)
    world.commit("k1", earn(10))
    monkeypatch.undo()
    assert world.store.read_player("ann").seq == 0
    assert world.committer.read_player("ann").balances == {"NEUR": 10}
    assert world.store.read_player("ann").seq == 1


def test_time_never_runs_backwards_along_an_account(world):
    world.commit("k1", earn(1))
    world.clock.advance(seconds=-86_400)
    later = world.commit("k2", earn(1))
    assert later.row.ts_ms == world.store.row_at("ann", 1).ts_ms
    assert later.row.day == world.store.row_at("ann", 1).day


def test_a_lost_acknowledgement_is_recognised_as_ones_own_row(world, monkeypatch):
    insert, lost = world.store.insert_row, []

    def insert_and_lose(row):
        insert(row)
        if not lost:
            lost.append(row)
            raise OutcomeUnknown("lost")
        return insert(row)

    monkeypatch.setattr(world.store, "insert_row", insert_and_lose)
    outcome = world.commit("k1", emit(100))
    assert not outcome.is_replay
    held = sum(shard.cap - shard.available for shard in world.store.budget_shards(f"AIBA:{outcome.row.day}"))
    assert held == 100  # its hold was not given back


def test_a_look_up_that_misses_ones_own_row_gives_no_hold_back(world, monkeypatch):
    insert, look_up, lost = world.store.insert_row, world.store.row_by_key, []

    def insert_and_lose(row):
        insert(row)
        if not lost:
            lost.append(row)
            raise OutcomeUnknown("lost")
        return False

    def lagging_look_up(key):
        return look_up(key) if lost.append(key) or len(lost) > 2 else None

    def emit_more_with_every_row(context):
        return emit(100 + context.player.seq)(context)

    monkeypatch.setattr(world.store, "insert_row", insert_and_lose)
    monkeypatch.setattr(world.store, "row_by_key", lagging_look_up)
    outcome = world.commit("k1", emit_more_with_every_row)
    held = sum(shard.cap - shard.available for shard in world.store.budget_shards(f"AIBA:{outcome.row.day}"))
    assert held == 100
    assert world.committer.read_player("ann").balances == {"AIBA": 100}


def test_a_cap_is_never_passed_and_the_answer_says_why(world):
    for number in range(12):
        world.commit(f"k{number}", emit(90))
    player = world.committer.read_player("ann")
    last = world.commit("k11", emit(90)).answer()
    assert last == {"reward": "0", "why": "cap_reached"}
    assert player.balances["AIBA"] == 900  # two shards of 500 hold five rewards of 90 each


def test_a_paused_emission_asks_for_no_budget(world):
    world.configs.config = replace(world.configs.config, paused=Paused(emission=True))
    assert world.commit("k1", emit(90)).answer() == {"reward": "0", "why": "emission_paused"}


def test_a_second_budget_that_says_no_returns_the_first_hold(world):
    def both(context):
        if context.emission_block:
            return Accepted("battle", {"why": context.emission_block})
        return Accepted("battle", {}, emissions=(Emission("AIBA@prediction", 10), Emission("AIBA", 2_000)))

    outcome = world.commit("k1", both)
    assert outcome.answer() == {"why": "cap_reached"}
    shards = world.store.budget_shards(f"AIBA@prediction:{outcome.row.day}")
    assert sum(shard.available for shard in shards) == 1_000


def test_two_instances_with_different_caps_create_one_budget(store):
    first = store.ensure_budget("AIBA:2026-11-22", BudgetPlan(cap=1_000, shards=3))
    second = store.ensure_budget("AIBA:2026-11-22", BudgetPlan(cap=5_000, shards=8))
    assert sorted(shard.cap for shard in first) == [333, 333, 334]
    assert {shard.id for shard in second} == {shard.id for shard in first}


def test_a_half_created_budget_is_completed(store):
    store.ensure_budget("NEUR:2026-11-22", BudgetPlan(cap=10, shards=1))
    store.add_shard("NEUR:2026-11-22", "r7", cap=5)
    shards = store.ensure_budget("NEUR:2026-11-22", BudgetPlan(cap=10, shards=1))
    assert sum(shard.cap for shard in shards) == 15


def test_a_hold_never_takes_more_than_is_there(store):
    store.ensure_budget("d:AIBA", BudgetPlan(cap=10, shards=1))
    assert store.take_hold(Hold("d:AIBA:0", 7))
    assert not store.take_hold(Hold("d:AIBA:0", 4))
    assert not store.take_hold(Hold("d:AIBA:9", 1))
    store.give_back(Hold("d:AIBA:0", 7))
    assert store.take_hold(Hold("d:AIBA:0", 10))


def test_a_cap_is_lowered_once_per_name_and_never_below_what_is_spent(store):
    store.ensure_budget("AIBA:2026-11-22", BudgetPlan(cap=10, shards=1))
    store.take_hold(Hold("AIBA:2026-11-22:0", 4))
    assert store.lower_shard("AIBA:2026-11-22:0", amount=7, name="r2_10") == 0
    assert store.lower_shard("AIBA:2026-11-22:0", amount=5, name="r2_10") == 5
    assert store.lower_shard("AIBA:2026-11-22:0", amount=1, name="r2_10") == 5
    assert store.lower_shard("AIBA:2026-11-22:1", amount=1, name="r2_10") == 0
    [shard] = store.budget_shards("AIBA:2026-11-22")
    assert (shard.cap, shard.available) == (5, 1)


def test_an_open_row_is_found_until_it_is_closed_and_keeps_its_hash(world):
    def transfer(context):
        legs = (Leg("sys:adjustment", "NEUR", -1), Leg("transit:t", "NEUR", 1))
        return Accepted("transfer", {}, legs, is_open=True)

    row = world.commit("k1", transfer).row
    assert [found.id for found in world.store.open_rows(limit=10)] == [row.id]
    world.store.close_row(row)
    assert world.store.open_rows(limit=10) == []
    assert world.store.row_at("ann", 1).hash == row.hash


def test_rows_between_two_times_are_streamed(world):
    world.commit("k1", earn(1))
    world.clock.advance(seconds=60)
    row = world.commit("k2", earn(1)).row
    found = list(world.store.rows_between(from_ms=row.ts_ms, until_ms=row.ts_ms + 1))
    assert [(entry.seq, entry.account) for entry in found] == [(2, "ann")]


def test_the_first_rows_of_a_time_are_told_oldest_first_and_by_their_heads_alone(world):
    world.start("bob")
    rows = []
    for account in ("bob", "ann", "bob"):
        rows.append(world.commit(f"k{len(rows)}", earn(1), account=account).row)
        world.clock.advance(seconds=1)
    until_ms = rows[-1].ts_ms + 1
    heads = world.store.heads_between(from_ms=rows[0].ts_ms, until_ms=until_ms, limit=9)
    assert heads == [RowHead(row.account, row.seq, "credit", row.ts_ms) for row in rows]
    assert world.store.heads_between(from_ms=rows[0].ts_ms, until_ms=until_ms, limit=2) == heads[:2]
    assert world.store.heads_between(from_ms=rows[1].ts_ms, until_ms=rows[2].ts_ms, limit=9) == [heads[1]]


def test_rows_and_players_of_many_accounts_are_read_together(world):
    world.start("bob")
    rows = [
        world.commit(f"k{n}", earn(1), account=account).row for n, account in enumerate(("ann", "bob", "ann"))
    ]
    found = world.store.rows_with_ids([*(row.id for row in rows), "nobody:1"])
    assert sorted(found, key=lambda row: row.id) == sorted(rows, key=lambda row: row.id)
    assert world.store.seqs_of(["ann", "bob", "nobody"]) == {"ann": 2, "bob": 1}
    players = {player.id: player for player in world.store.players_with_ids(["ann", "bob", "nobody"])}
    assert players == {name: world.store.read_player(name) for name in ("ann", "bob")}


def test_a_ban_stops_the_action_unrecorded_and_lifting_it_lets_the_same_key_pass(world):
    def ban(context):
        return Accepted(
            "ban", {}, changes={"bans.battle": {"until": 0, "reason": "cheat", "by": "op", "since": 1}}
        )

    world.commit("b1", ban, scope=None)
    with pytest.raises(Refused) as refused:
        world.commit("k1", earn(1), scope="battle")
    assert (refused.value.code, refused.value.extra["reason"]) == ("banned", "cheat")
    world.commit("b2", lambda _: Accepted("unban", {}, removals=("bans.battle",)), scope=None)
    assert world.commit("k1", earn(1), scope="battle").row.ok


def test_client_keys_never_reach_the_keys_of_the_system(world):
    for name in ("s:claim:1:settle", "ann:s:claim:1:settle", ":s:x"):
        world.commit(name, earn(1))
        assert world.store.row_by_key(f"ann:{name}") is None
        assert world.store.row_by_key(name) is None


def test_an_unknown_player_is_refused(world):
    with pytest.raises(Refused) as refused:
        world.commit("k1", earn(1), account="nobody")
    assert refused.value.code == "player_unknown"


def escrow(context):
    legs = (Leg("ann", "NEUR", -5), Leg("escrow:ann", "NEUR", 5))
    return Accepted("claim", {}, legs)


def out_of_escrow(target: str):
    legs = (Leg("escrow:ann", "NEUR", -5), Leg(target, "NEUR", 5))
    return lambda context: Accepted("settle", {"to": target}, legs)


def test_confirm_and_refund_share_a_key_and_the_loser_reads_the_winner(world):
    world.commit("k1", earn(5))
    world.commit("k2", escrow)
    first = world.commit("settle", out_of_escrow("sys:withdrawn"))
    second = world.commit("settle", out_of_escrow("ann"))
    assert second.is_replay
    assert second.answer() == first.answer() == {"to": "sys:withdrawn"}


def test_what_a_lagging_projection_does_not_show_yet_is_read_before_anything_is_called_impossible(
    world, monkeypatch
):
    world.commit("k1", earn(5))
    monkeypatch.setattr(world.store, "project_row", lambda row: None)
    world.commit("k2", escrow)
    monkeypatch.undo()
    assert world.commit("settle", out_of_escrow("ann")).row.seq == 3
    assert world.committer.read_player("ann").balances == {"NEUR": 5}


def test_a_decision_that_would_overdraw_is_our_bug_and_commits_nothing(world):
    with pytest.raises(InvariantBroken):
        world.commit("settle", out_of_escrow("ann"))
    assert world.committer.read_player("ann").seq == 0


def test_a_balance_that_would_leave_int64_is_refused_and_its_holds_return(world):
    world.commit("k1", earn(2**63 - 1, "AIBA"))
    with pytest.raises(Refused) as refused:
        world.commit("k2", emit(10))
    assert refused.value.code == "balance_limit"
    shards = world.store.budget_shards(f"AIBA:{world.store.row_at('ann', 1).day}")
    assert sum(shard.available for shard in shards) == 1_000


def test_many_at_once_commit_each_key_once_and_keep_the_cap(world):
    barrier = threading.Barrier(8)
    processes = [world.another_process() for _ in range(8)]

    def run(number: int) -> list:
        barrier.wait()
        key = client_key("ann", f"k{number // 2}")
        return [
            processes[number].commit(account="ann", key=f"{key}-{turn}", fingerprint="f", decide=emit(70))
            for turn in range(4)
        ]

    with ThreadPoolExecutor(8) as pool:
        outcomes = [outcome for results in pool.map(run, range(8)) for outcome in results]
    by_key = {}
    for outcome in outcomes:
        by_key.setdefault(outcome.row.key, set()).add(outcome.row.hash)
    assert len(by_key) == 16
    assert all(len(hashes) == 1 for hashes in by_key.values())
    player = world.committer.read_player("ann")
    shards = world.store.budget_shards(f"AIBA:{world.store.row_at('ann', 1).day}")
    assert player.seq == 16
    assert player.balances["AIBA"] == sum(shard.cap - shard.available for shard in shards)
    assert 0 < player.balances["AIBA"] <= 1_000
