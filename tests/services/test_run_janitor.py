"""The janitor finishes what crashes left, and one account's broken row stops nobody else's."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from shared.domain.claims import Claim
from shared.domain.errors import InvariantBroken, Unavailable
from shared.domain.ledger import Accepted, Leg, Row, client_key
from shared.domain.observations import PROJECTION
from shared.services.commit import DecisionContext
from shared.services.link_wallet import UNLINK_KIND
from shared.services.run_janitor import Janitor, run_janitor
from tests.fakes.claims import FakeClaimStore
from tests.fakes.observations import FakeObservations
from tests.fakes.watermarks import FakeWatermarks
from tests.services.game_world import GameWorld
from tests.services.interrupted_parts import WAYS, Interruption, Killed


def earn(context: DecisionContext) -> Accepted:
    return Accepted(UNLINK_KIND, {}, (Leg("sys:adjustment", "NEUR", -5), Leg(context.player.id, "NEUR", 5)))


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


def test_a_backlog_longer_than_a_run_is_worked_off_run_by_run_and_its_age_is_told(monkeypatch):
    monkeypatch.setattr("shared.services.due_pages.PAGE_SIZE", 4)
    world = World(monkeypatch)
    game = world.game
    monkeypatch.setattr(world.store, "project_row", lambda row: None)
    for number in range(20):
        game.clock.advance(seconds=600)
        world.store.create_player(f"p{number}", now_ms=game.clock.now_ms())
        game.committer.commit(
            account=f"p{number}", key=client_key(f"p{number}", "k"), fingerprint="f", decide=earn
        )
    monkeypatch.setattr(world.store, "project_row", world.project)
    seqs_of = world.store.seqs_of

    def slow(ids):
        game.clock.advance(seconds=6)
        return seqs_of(ids)

    monkeypatch.setattr(world.store, "seqs_of", slow)
    tallies = [run_janitor(world.janitor(), run_for_ms=10_000) for _ in range(5)]
    assert all(player.seq == 1 for player in world.store.players.values())
    assert sum(tally.projected for tally in tallies) == 23
    assert tallies[0].projected < 10
    lags = [tally.lag_ms for tally in tallies]
    assert lags == sorted(lags, reverse=True)
    assert lags[0] > 100 * 60_000
    assert lags[-1] == 0


def test_rows_that_nobody_could_look_at_in_time_count_as_lag(monkeypatch):
    monkeypatch.setattr("shared.services.due_pages.PAGE_SIZE", 1)
    world = World(monkeypatch)
    run_janitor(world.janitor())
    world.game.clock.advance(seconds=3_600)
    world.game.committer.commit(account="bob", key=client_key("bob", "k2"), fingerprint="f", decide=earn)
    world.game.clock.advance(seconds=60)
    world.watermarks.instants.clear()
    tally = run_janitor(world.janitor(), run_for_ms=0)
    assert (tally.projected, tally.lag_ms) == (0, 3_660_000)


def test_a_janitor_interrupted_anywhere_is_made_good_by_the_next(monkeypatch):
    monkeypatch.setattr("shared.services.due_pages.PAGE_SIZE", 2)
    at, was_hit = 0, True
    while was_hit:
        at += 1
        with monkeypatch.context() as lagging:
            world = World(lagging)
        interruption = Interruption()
        committer = replace(world.game.committer, store=interruption.wrap("ledger", world.store))
        watermarks = interruption.wrap("watermarks", world.watermarks)
        janitor = replace(world.janitor(), committer=committer, watermarks=watermarks)
        interruption.arm(at, WAYS[at % len(WAYS)])
        with contextlib.suppress(Unavailable, Killed):
            run_janitor(janitor)
        was_hit = bool(interruption.hit)
        interruption.disarm()
        run_janitor(janitor)
        assert {player.seq for player in world.store.players.values()} == {1}, interruption.hit
    assert at > 10


def test_projected_accounts_cost_one_look_a_page(monkeypatch):
    world = World(monkeypatch)
    run_janitor(world.janitor())
    asked = Interruption()
    committer = replace(world.game.committer, store=asked.wrap("ledger", world.store))
    assert run_janitor(replace(world.janitor(), committer=committer)).accounts == 3
    # The rows of this world are of a kind that leaves a name outside the ledger.
    assert asked.names == [
        f"ledger.{name}" for name in ("open_rows", "heads_between", "rows_with_ids", "seqs_of")
    ]
