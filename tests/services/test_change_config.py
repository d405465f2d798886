"""The configuration changes one revision at a time, and every change can be undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.config_changes import ConfigRevision, differences, with_economy, with_limits
from shared.domain.errors import Refused, Unavailable
from shared.domain.game_config import Economy, GameConfig
from shared.services.admin_audit import complete_admin_intents
from shared.services.change_config import (
    TRACED_AT_ONCE,
    ConfigOrder,
    change_config,
    roll_back,
    set_switches,
)
from shared.services.read_revisions import read_revision, read_revisions
from tests.services.admin_world import AdminWorld


@pytest.fixture
def world() -> AdminWorld:
    return AdminWorld()


def change(world: AdminWorld, *, expected: int, key: str = "", **economy: Any) -> dict[str, Any]:
    order = ConfigOrder("config.economy", {"changes": economy}, "because of the test")
    audited = change_config(
        world.config,
        world.actor(),
        order,
        world.request(key),
        expected_revision=expected,
        edit=lambda config: with_economy(config, economy),
    )
    return audited.answer()


def refusal(call: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value


def test_a_change_is_the_next_revision_and_says_what_differs(world: AdminWorld) -> None:
    answer = change(world, expected=1, trainNeurCost=30, battleMaxEnergy=120)
    assert answer["revision"] == 2
    assert answer["changes"] == [
        {"field": "economy.battleMaxEnergy", "before": 100, "after": 120},
        {"field": "economy.trainNeurCost", "before": 25, "after": 30},
    ]
    assert world.configs.latest().economy.train_neur_cost == 30


def test_a_change_of_another_revision_conflicts_and_changes_nothing(world: AdminWorld) -> None:
    change(world, expected=1, trainNeurCost=30)
    refused = refusal(lambda: change(world, expected=1, trainNeurCost=40))
    assert (refused.code, refused.extra["revision"]) == ("revision_conflict", 2)
    assert world.configs.latest().economy.train_neur_cost == 30


def test_a_change_of_nothing_is_refused(world: AdminWorld) -> None:
    assert refusal(lambda: change(world, expected=1, trainNeurCost=25)).code == "config_unchanged"
    assert world.configs.latest().revision == 1


def test_unknown_fields_and_values_out_of_bounds_are_all_named(world: AdminWorld) -> None:
    refused = refusal(lambda: change(world, expected=1, trainNeurCost=-1, speling=1))
    assert refused.code == "invalid_economy"
    assert {error["field"] for error in refused.extra["errors"]} == {"trainNeurCost", "speling"}


def test_the_same_key_makes_one_revision(world: AdminWorld) -> None:
    first = change(world, expected=1, key="k", trainNeurCost=30)
    change(world, expected=2, trainNeurCost=40)
    assert change(world, expected=1, key="k", trainNeurCost=30) == first
    assert world.configs.latest().revision == 3


def test_a_change_that_died_before_its_budgets_is_completed_by_the_same_key(
    world: AdminWorld, monkeypatch
) -> None:
    def die(*arguments: Any, **named: Any) -> Any:
        raise Unavailable("died", code="x")

    monkeypatch.setattr(world.store, "ensure_budget", die)
    with pytest.raises(Unavailable):
        change(world, expected=1, key="k", dailyCapAiba=500_000)
    monkeypatch.undo()
    answer = change(world, expected=1, key="k", dailyCapAiba=500_000)
    assert answer["revision"] == 2
    assert answer["budgets"][0]["cap"] == "500000"


def test_a_change_that_died_before_its_budgets_is_completed_by_the_janitor(
    world: AdminWorld, monkeypatch
) -> None:
    def die(*arguments: Any, **named: Any) -> Any:
        raise Unavailable("died", code="x")

    monkeypatch.setattr(world.store, "ensure_budget", die)
    with pytest.raises(Unavailable):
        change(world, expected=1, key="k", dailyCapAiba=500_000)
    monkeypatch.undo()
    world.clock.advance(seconds=301)
    assert complete_admin_intents(world.trail) == 1
    assert world.records()[-1]["result"] == "done"
    groups = {shard.id.rsplit(":", 1)[0] for shard in world.store.shards.values()}
    assert sum(shard.cap for shard in world.store.shards.values()) == 500_000
    assert len(groups) == 1


def test_a_change_whose_outcome_was_lost_is_told_as_done_however_many_followed(world: AdminWorld) -> None:
    with world.outcomes_lost(), pytest.raises(Unavailable):
        change(world, expected=1, trainNeurCost=30)
    for revision in range(2, 3 + TRACED_AT_ONCE):
        change(world, expected=revision, trainNeurCost=100 + revision)
    world.clock.advance(seconds=301)
    assert complete_admin_intents(world.trail) == 1
    assert world.records()[-1]["result"] == "done"


def test_a_rollback_is_a_new_revision_that_leaves_what_is_paused_paused(world: AdminWorld) -> None:
    change(world, expected=1, trainNeurCost=30)
    set_switches(world.config, world.actor(), world.request(), switches={"claims": True}, reason="fire")
    answer = roll_back(
        world.config, world.actor(), world.request(), to=1, expected_revision=3, reason="mistake"
    ).answer()
    latest = world.configs.latest()
    assert (answer["revision"], latest.revision, latest.economy) == (4, 4, Economy())
    assert latest.paused.claims


def test_a_rollback_to_what_never_was_is_refused(world: AdminWorld) -> None:
    audited = roll_back(world.config, world.actor(), world.request(), to=9, expected_revision=1, reason="x")
    assert refusal(audited.answer).code == "revision_unknown"


def test_pausing_needs_no_revision_and_twice_is_once(world: AdminWorld) -> None:
    for _ in range(2):
        answer = set_switches(
            world.config,
            world.actor(),
            world.request(),
            switches={"claims": True, "battles": True},
            reason="x",
        ).answer()
        assert answer["paused"] == {"battles": True, "claims": True, "emission": False, "logins": False}
    assert world.configs.latest().revision == 2


def test_a_pause_wins_over_a_change_at_the_same_moment(world: AdminWorld, monkeypatch) -> None:
    replace_by, races = world.configs.replace_by, [1, 1, 1]

    def raced(revision: ConfigRevision, *, expected_revision: int) -> bool:
        if races:
            races.pop()
            config = world.configs.latest()
            replace_by(
                ConfigRevision(replace(config, revision=config.revision + 1)),
                expected_revision=config.revision,
            )
        return replace_by(revision, expected_revision=expected_revision)

    monkeypatch.setattr(world.configs, "replace_by", raced)
    set_switches(world.config, world.actor(), world.request(), switches={"claims": True}, reason="fire")
    assert world.configs.latest().paused.claims
    assert world.configs.latest().revision == 5


def test_history_names_who_when_why_and_the_record(world: AdminWorld) -> None:
    change(world, expected=1, trainNeurCost=30)
    change(world, expected=2, trainNeurCost=31)
    page = read_revisions(world.configs, limit=2, cursor=None)
    assert [revision.config.revision for revision in page.revisions] == [3, 2]
    newest = page.revisions[0]
    assert (newest.by, newest.reason, newest.intent) == ("owner", "because of the test", "owner:3")
    last = read_revisions(world.configs, limit=2, cursor=page.next_cursor)
    assert ([revision.config.revision for revision in last.revisions], last.next_cursor) == ([1], None)
    _, changes = read_revision(world.configs, 3)
    assert changes == [{"field": "economy.trainNeurCost", "before": 30, "after": 31}]


def test_a_limit_nobody_asks_for_is_refused() -> None:
    refused = refusal(
        lambda: with_limits(GameConfig(), {"speling": 3, "claim": 0}, policies=frozenset({"claim"}))
    )
    assert {error["field"] for error in refused.extra["errors"]} == {"speling", "claim"}


def test_the_revision_itself_is_no_difference() -> None:
    assert differences(GameConfig(revision=1), GameConfig(revision=2)) == []
