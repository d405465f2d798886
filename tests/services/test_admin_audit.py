"""Nothing an administrator does goes unwritten: the intent first, then the action, then the outcome."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.admin_records import Change, Intent, Order
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import GENESIS, client_key
from shared.services.admin_audit import Actor, AuditTrail, RequestKey, carry_out, complete_admin_intents
from shared.services.keep_admins import keep_admins
from tests.services.admin_world import AdminWorld

ORDER = Order("test.action", "thing:1", {"amount": "7"}, "thing:1")
KEY = RequestKey("k1", "f1")


class Scene:
    """An audit, and an action that counts its calls and may fail."""

    def __init__(self) -> None:
        self.world = AdminWorld()
        self.done: list[str] = []
        self.failure: Exception | None = None
        self.trail = AuditTrail(
            self.world.trail.committer, {"thing": lambda _, intent: intent.id in self.done}
        )
        self.actor: Actor = self.world.actor()

    def act(self, intent: Intent) -> Change:
        if self.failure is not None:
            raise self.failure
        if intent.id not in self.done:
            self.done.append(intent.id)
        return Change({"told": "done"}, before={"n": 1}, after={"n": 2})

    def carry_out(self, request: RequestKey = KEY, order: Order = ORDER) -> Any:
        return carry_out(self.trail, self.actor, order, request, self.act)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_an_action_leaves_its_intent_and_its_outcome_with_who_what_and_from_where(scene: Scene) -> None:
    assert scene.carry_out().answer() == {"told": "done"}
    intent, outcome = scene.world.records()
    assert intent == {
        "kind": "intent",
        "action": "test.action",
        "target": "thing:1",
        "details": '{"amount":"7"}',
        "trace": "thing:1",
        "role": "owner",
        "requestId": "request-1",
        "address": "203.0.113.9",
    }
    assert (outcome["intent"], outcome["result"], outcome["before"], outcome["after"]) == (
        "owner:1",
        "done",
        '{"n":1}',
        '{"n":2}',
    )


def test_if_the_intent_cannot_be_written_nothing_happens(scene: Scene, monkeypatch) -> None:
    def refuse(row: Any) -> bool:
        raise Unavailable("down", code="database_unavailable")

    monkeypatch.setattr(scene.world.audit_store, "insert_row", refuse)
    with pytest.raises(Unavailable):
        scene.carry_out()
    assert scene.done == []


def test_the_same_key_answers_the_same_and_acts_once(scene: Scene) -> None:
    first, second = scene.carry_out(), scene.carry_out()
    assert (first.is_replay, second.is_replay) == (False, True)
    assert first.answer() == second.answer()
    assert scene.done == ["owner:1"]
    assert len(scene.world.records()) == 2


def test_a_key_used_for_another_request_is_refused(scene: Scene) -> None:
    scene.carry_out()
    with pytest.raises(Refused) as refused:
        scene.carry_out(RequestKey("k1", "f2"))
    assert refused.value.code == "idempotency_key_reused"


def test_a_refusal_is_recorded_and_replayed(scene: Scene) -> None:
    scene.failure = Refused("no", code="not_banned", extra={"scope": "all"})
    for is_replay in (False, True):
        with pytest.raises(Refused) as refused:
            scene.carry_out().answer()
        assert refused.value.code == "not_banned"
        assert refused.value.extra == {"scope": "all", "isReplay": is_replay}
        scene.failure = None
    assert scene.world.records()[1]["result"] == "refused"
    assert scene.done == []


def test_an_action_whose_outcome_was_lost_is_continued_by_the_same_key(scene: Scene) -> None:
    with scene.world.outcomes_lost(), pytest.raises(Unavailable):
        scene.carry_out()
    assert scene.carry_out().answer() == {"told": "done"}
    assert scene.done == ["owner:1"]
    assert [record["kind"] for record in scene.world.records()] == ["intent", "outcome"]


def die_between(scene: Scene, *, has_acted: bool) -> None:
    """Leave an intent behind whose request ended before its outcome."""
    scene.failure = Unavailable("died", code="x")
    with pytest.raises(Unavailable):
        scene.carry_out()
    scene.failure = None
    if has_acted:
        scene.done.append("owner:1")


@pytest.mark.parametrize(("has_acted", "result"), [(True, "done"), (False, "not_done")])
def test_the_janitor_writes_down_what_it_finds(scene: Scene, has_acted: bool, result: str) -> None:
    die_between(scene, has_acted=has_acted)
    scene.world.clock.advance(seconds=299)
    assert complete_admin_intents(scene.trail) == 0
    scene.world.clock.advance(seconds=2)
    assert complete_admin_intents(scene.trail) == 1
    assert scene.world.records()[1]["result"] == result
    assert complete_admin_intents(scene.trail) == 0


def test_an_old_intent_is_not_begun_again(scene: Scene) -> None:
    die_between(scene, has_acted=False)
    scene.world.clock.advance(seconds=301)
    with pytest.raises(Refused) as refused:
        scene.carry_out().answer()
    assert refused.value.code == "intent_expired"
    assert scene.done == []


def test_nobody_says_that_it_never_happened_while_a_copy_may_be_at_it(scene: Scene) -> None:
    die_between(scene, has_acted=False)
    scene.world.clock.advance(seconds=121)
    with pytest.raises(Unavailable) as unavailable:
        scene.carry_out()
    assert unavailable.value.code == "intent_under_way"
    scene.done.append("owner:1")
    assert scene.carry_out().answer() == {"told": "done"}


def test_an_old_intent_that_happened_is_answered(scene: Scene) -> None:
    die_between(scene, has_acted=True)
    scene.world.clock.advance(seconds=3600)
    assert scene.carry_out().answer() == {"told": "done"}


def test_records_are_chained_and_numbered_per_administrator(scene: Scene) -> None:
    other = Actor(scene.world.actor("support").admin, "r", "a")
    for number in range(3):
        scene.carry_out(RequestKey(f"k{number}", "f"))
        carry_out(scene.trail, other, ORDER, RequestKey(f"k{number}", "f"), scene.act)
    for admin in ("owner", "a-support"):
        rows = scene.world.audit_store.rows_at(admin, range(1, 99))
        assert [row.seq for row in rows] == list(range(1, 7))
        assert [row.previous_hash for row in rows] == [GENESIS, *(row.hash for row in rows[:-1])]


def test_a_client_key_never_reaches_the_key_of_an_outcome(scene: Scene) -> None:
    scene.carry_out(RequestKey("owner:s:outcome:1", "f"))
    scene.carry_out(RequestKey("s:outcome:3", "f"))
    assert [record["kind"] for record in scene.world.records()] == ["intent", "outcome"] * 2
    assert scene.world.audit_store.row_by_key(client_key("owner", "s:outcome:3")) is not None


def test_the_keeper_tidies_sessions_and_attempts_too(scene: Scene) -> None:
    world = scene.world
    world.revoked.revoke("t", expires_at_s=world.clock.now_ms() // 1000 - 1)
    tally = keep_admins(world.keeper)
    assert (tally.intents_completed, tally.tokens_forgotten, tally.attempts_forgotten) == (0, 1, 0)
