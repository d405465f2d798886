"""The janitor finishes what crashes left, and one account's broken row stops nobody else's."""

from __future__ import annotations

import pytest

from shared.domain.claims import Claim
from shared.domain.errors import InvariantBroken
from shared.domain.ledger import Accepted, Leg, Row, client_key
from shared.domain.observations import PROJECTION
from shared.services.commit import DecisionContext
from shared.services.run_janitor import Janitor, run_janitor
from tests.fakes.claims import FakeClaimStore
from tests.fakes.observations import FakeObservations
from tests.fakes.watermarks import FakeWatermarks
from tests.services.game_world import GameWorld


def earn(context: DecisionContext) -> Accepted:
    return Accepted("credit", {}, (Leg("sys:adjustment", "NEUR", -5), Leg(context.player.id, "NEUR", 5)))


class World:
    def __init__(self, monkeypatch) -> None:
        self.game = GameWorld()
        self.store = self.game.committer.store
        self.project = self.store.project_row
        monkeypatch.setattr(self.store, "project_row", lambda row: None)
        for account in ("ann", "bob", "eve"):
            self.store.create_player(account, now_ms=self.game.clock.now_ms())
            self.game.committer.commit(
                account=account, key=client_key(account, "k"), fingerprint="f", decide=earn
            )
        monkeypatch.setattr(self.store, "project_row", self.project)
        self.watermarks, self.observations = FakeWatermarks(), FakeObservations()

    def janitor(self, *, release=lambda row: None) -> Janitor:
        return Janitor(
            committer=self.game.committer,
            claims=FakeClaimStore(),
            watermarks=self.watermarks,
            observations=self.observations,
            clock=self.game.clock,
            finish_transfer=self.store.close_row,
            release_former_name=release,
        )


def test_rows_nobody_projected_are_projected_and_the_lag_is_told(monkeypatch):
    world = World(monkeypatch)
    world.game.clock.advance(seconds=7)
    tally = run_janitor(world.janitor())
    assert (tally.projected, tally.lag_ms) == (3, 7_000)
    [seen] = world.observations.read([PROJECTION])
    assert (seen.seen_ms, seen.facts) == (world.game.clock.now_ms(), {"lag_ms": 7_000})
    assert world.store.read_player("bob").balances == {"NEUR": 5}


def test_one_broken_row_is_named_at_the_end_and_everybody_else_is_finished(monkeypatch):
    world = World(monkeypatch)

    def release(row: Row) -> Claim | None:
        if row.account == "bob":
            raise InvariantBroken("a row nobody can read")
        return None

    with pytest.raises(InvariantBroken, match="bob:1"):
        run_janitor(world.janitor(release=release))
    assert {world.store.read_player(name).seq for name in ("ann", "eve")} == {1}
    assert run_janitor(world.janitor()).broken == []
