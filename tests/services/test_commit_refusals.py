"""What the commit protocol refuses, what of it is recorded, and how often."""

from __future__ import annotations

import pytest

from shared.domain.errors import InvariantBroken, Refused
from shared.domain.ledger import Accepted, admin_key, client_key, system_key
from tests.services.commit_world import CommitWorld, earn, emit, out_of_escrow, spend


@pytest.fixture
def world(store):
    world = CommitWorld(store)
    world.start()
    return world


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


def test_an_unknown_player_is_refused(world):
    with pytest.raises(Refused) as refused:
        world.commit("k1", earn(1), account="nobody")
    assert refused.value.code == "player_unknown"


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
