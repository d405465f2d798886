"""The commit protocol over a store: one key is one row, whatever races, lags or is lost."""

from __future__ import annotations

import pytest

from shared.domain.errors import OutcomeUnknown, Refused, Unavailable
from shared.domain.ledger import Accepted, Leg, client_key, row_document, row_hash
from shared.domain.row_heads import RowHead
from tests.at_once import at_once
from tests.services.commit_world import CommitWorld, earn, emit, escrow, out_of_escrow, spend


@pytest.fixture
def world(store):
    world = CommitWorld(store)
    world.start()
    return world


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


@pytest.mark.parametrize("seconds_between_looks", [0, 2])
def test_a_row_that_no_read_shows_yet_keeps_its_holds_when_its_writer_gives_up(
    world, monkeypatch, seconds_between_looks
):
    """Its acknowledgement was lost, and what a majority of servers has still lags behind."""
    insert, rows_at, lost = world.store.insert_row, world.store.rows_at, []

    def insert_and_lose(row):
        world.clock.advance(seconds=seconds_between_looks)
        is_in = insert(row)
        if not lost:
            lost.append(row)
            raise OutcomeUnknown("lost")
        return is_in

    monkeypatch.setattr(world.store, "insert_row", insert_and_lose)
    monkeypatch.setattr(world.store, "row_by_key", lambda key: None)
    monkeypatch.setattr(world.store, "rows_at", lambda account, seqs: [])
    with pytest.raises(Unavailable):
        world.commit("k1", emit(100))
    monkeypatch.undo()
    assert rows_at("ann", [1])[0].holds == lost[0].holds
    held = sum(shard.cap - shard.available for shard in world.store.budget_shards(f"AIBA:{lost[0].day}"))
    assert held == 100
    assert world.commit("k1", emit(100)).answer() == {"reward": "100"}


def test_a_row_whose_sending_was_frozen_for_a_minute_is_not_sent_again(world, monkeypatch):
    sent = []

    def freeze(row):
        sent.append(row)
        world.clock.advance(seconds=61)
        raise OutcomeUnknown("timed out")

    monkeypatch.setattr(world.store, "insert_row", freeze)
    with pytest.raises(OutcomeUnknown):
        world.commit("k1", emit(100))
    monkeypatch.undo()
    assert len(sent) == 1
    [shard] = [
        shard for shard in world.store.budget_shards(f"AIBA:{sent[0].day}") if shard.available < shard.cap
    ]
    assert shard.cap - shard.available == 100  # nobody knows whether the row is in


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


def test_client_keys_never_reach_the_keys_of_the_system(world):
    for name in ("s:claim:1:settle", "ann:s:claim:1:settle", ":s:x"):
        world.commit(name, earn(1))
        assert world.store.row_by_key(f"ann:{name}") is None
        assert world.store.row_by_key(name) is None


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


def test_many_at_once_commit_each_key_once_and_keep_the_cap(world):
    processes = [world.another_process() for _ in range(8)]

    def run(number: int) -> list:
        key = client_key("ann", f"k{number // 2}")
        return [
            processes[number].commit(account="ann", key=f"{key}-{turn}", fingerprint="f", decide=emit(70))
            for turn in range(4)
        ]

    outcomes = [outcome for results in at_once(8, run) for outcome in results]
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
