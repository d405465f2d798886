"""What was refused, or has lost its sense since, is told as it was: by the same key and by the janitor alike."""

from __future__ import annotations

import pytest

from shared.domain.adjustments import Adjustment
from shared.domain.errors import Refused, Unavailable
from shared.domain.game_config import Paused
from shared.services.adjust_balances import adjust_balance
from shared.services.admin_audit import Audited, complete_admin_intents
from shared.services.moderate_player import ban_player
from tests.services.admin_world import AdminWorld


@pytest.fixture
def world() -> AdminWorld:
    return AdminWorld()


def die_before_the_outcome(world: AdminWorld, monkeypatch: pytest.MonkeyPatch, call) -> None:
    """The request writes its intent and its row on the player, and no more."""
    insert = world.audit_store.insert_row

    def insert_intents_alone(row):
        if row.kind == "outcome":
            raise Unavailable("died", code="x")
        return insert(row)

    monkeypatch.setattr(world.audit_store, "insert_row", insert_intents_alone)
    with pytest.raises(Unavailable):
        call()
    monkeypatch.undo()


def test_the_janitor_does_not_call_a_recorded_refusal_done(world, monkeypatch):
    player = world.claim_world.player(credits=10)
    world.game.set_config(paused=Paused(emission=True))
    adjustment = Adjustment(player, "credit", "AIBA", 5, "x")

    def adjust() -> Audited:
        return adjust_balance(world.adjustments, world.actor(), world.request("k"), adjustment)

    die_before_the_outcome(world, monkeypatch, adjust)
    world.clock.advance(seconds=301)
    assert complete_admin_intents(world.trail) == 1
    assert world.records()[-1]["result"] == "not_done"
    with pytest.raises(Refused):
        adjust().answer()


def test_a_ban_whose_request_died_is_told_by_its_key_though_its_end_has_passed(world, monkeypatch):
    player = world.claim_world.player(credits=10)
    until_ms = world.clock.now_ms() + 60_000

    def ban() -> Audited:
        return ban_player(
            world.moderation,
            world.actor(),
            world.request("k"),
            account=player,
            scope="battle",
            until_ms=until_ms,
            reason="x",
        )

    die_before_the_outcome(world, monkeypatch, ban)
    world.clock.advance(seconds=90)
    assert ban().answer()["scope"] == "battle"
    assert world.records()[-1]["result"] == "done"
