"""A crash, a lost answer or an outage at every single operation of a claim's life: nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from shared.domain.errors import ArenaError
from tests.services.claim_world import START_CREDITS, ClaimWorld
from tests.services.interrupted_parts import WAYS, Interruption, Killed, Way

MOST_OPERATIONS = 200
DAY_S = 24 * 3600


class Stage:
    """A world whose parts can be interrupted, with ann ready to claim."""

    def __init__(self) -> None:
        self.interruption = Interruption()
        self.world = ClaimWorld(wrap=self.interruption.wrap)
        self.ann = self.world.player()

    def interrupted(self, step: Callable[[], object], *, at: int, way: Way) -> bool:
        """Run the step with its n-th operation interrupted; False when it has fewer."""
        self.interruption.arm(at, way)
        with suppress(ArenaError, Killed):
            step()
        self.interruption.disarm()
        return bool(self.interruption.hit)

    def ask(self) -> object:
        return self.world.ask(self.ann)

    def check_books(self) -> None:
        """Balance, escrow and what left add up, and escrow is exactly the claims without a settle row."""
        world = self.world
        balance, escrow = world.money(self.ann)
        claims = world.fake_claims.of_account(self.ann)
        rows = [world.settle_row(claim) for claim in claims]
        outcomes = [None if row is None else row.answer["outcome"] for row in rows]
        withdrawn = sum(
            claim.terms.credits
            for claim, outcome in zip(claims, outcomes, strict=True)
            if outcome == "confirmed"
        )
        waiting = sum(
            claim.terms.credits for claim, outcome in zip(claims, outcomes, strict=True) if outcome is None
        )
        assert balance + escrow + withdrawn == START_CREDITS
        assert escrow == waiting
        signatures: dict[str, set[str]] = {}
        for entry in world.fake_journal.history:
            if entry.signature:
                signatures.setdefault(entry.claim_id, set()).add(entry.payload_hash)
        assert all(len(payloads) == 1 for payloads in signatures.values())


def each_operation(prepare: Callable[[], tuple[Stage, Callable[[], object]]], way: Way):
    """(stage, number) for every operation of the step, each in a world of its own."""
    for at in range(1, MOST_OPERATIONS):
        stage, step = prepare()
        if not stage.interrupted(step, at=at, way=way):
            return
        yield stage, at
    pytest.fail("the step never ends")


@pytest.mark.parametrize("way", WAYS)
def test_a_request_interrupted_anywhere_is_finished_by_its_own_key(way):
    def prepare():
        stage = Stage()
        return stage, stage.ask

    operations = 0
    for stage, _ in each_operation(prepare, way):
        operations += 1
        stage.world.clean()
        stage.check_books()
        claim = stage.ask().claim
        assert claim.state == "signed"
        assert stage.world.money(stage.ann) == (START_CREDITS - 100, 100)
        stage.check_books()
        stage.world.execute(claim)
        assert stage.world.settle().confirmed == 1
        stage.check_books()
        assert stage.world.money(stage.ann) == (START_CREDITS - 100, 0)
    assert operations > 25


@pytest.mark.parametrize("way", WAYS)
def test_a_request_interrupted_anywhere_and_never_asked_again_returns_its_credits(way):
    def prepare():
        stage = Stage()
        return stage, stage.ask

    for stage, _ in each_operation(prepare, way):
        world = stage.world
        world.clean()
        for _ in range(3):
            world.advance(seconds=DAY_S)
            world.settle()
            stage.check_books()
        assert world.money(stage.ann) == (START_CREDITS, 0)
        assert all(not claim.is_open for claim in world.fake_claims.claims.values())


@pytest.mark.parametrize("way", WAYS)
def test_a_final_refusal_interrupted_anywhere_returns_the_credits_once(way):
    def prepare():
        stage = Stage()
        stage.world.signer.is_away = True
        stage.ask()
        stage.world.signer.is_away = False
        stage.world.game.configure(claim_max_aiba=99)
        return stage, stage.ask

    for stage, _ in each_operation(prepare, way):
        stage.check_books()
        stage.ask()
        stage.world.settle()
        stage.check_books()
        assert stage.world.money(stage.ann) == (START_CREDITS, 0)
        assert stage.world.fake_key.signed == []


@pytest.mark.parametrize("way", WAYS)
def test_a_confirmation_interrupted_anywhere_is_finished_by_the_next_run(way):
    def prepare():
        stage = Stage()
        stage.world.execute(stage.ask().claim)
        return stage, stage.world.settle

    for stage, _ in each_operation(prepare, way):
        stage.check_books()
        stage.world.settle()
        stage.check_books()
        assert stage.world.claim_of(stage.ann).state == "confirmed"
        assert stage.world.money(stage.ann) == (START_CREDITS - 100, 0)


@pytest.mark.parametrize("way", WAYS)
def test_a_refund_interrupted_anywhere_is_finished_by_the_next_runs(way):
    def prepare():
        stage = Stage()
        stage.ask()
        stage.world.advance(seconds=700)
        stage.world.settle()
        stage.world.advance(seconds=70)
        return stage, stage.world.settle

    for stage, _ in each_operation(prepare, way):
        stage.check_books()
        for _ in range(2):
            stage.world.advance(seconds=70)
            stage.world.settle()
            stage.check_books()
        assert stage.world.claim_of(stage.ann).state == "refunded"
        assert stage.world.money(stage.ann) == (START_CREDITS, 0)
        again = stage.world.ask(stage.ann, key="k2").claim
        assert (again.state, again.terms.seqno) == ("signed", 1)


@pytest.mark.parametrize("way", WAYS)
def test_a_void_interrupted_anywhere_never_refunds_what_may_still_be_signed(way):
    def prepare():
        stage = Stage()
        stage.world.signer.is_away = True
        stage.ask()
        stage.world.signer.is_away = False
        stage.world.advance(seconds=DAY_S + 1)
        return stage, stage.world.settle

    for stage, _ in each_operation(prepare, way):
        stage.ask()  # the player is faster than the next run, or was not
        stage.check_books()
        claim = stage.world.claim_of(stage.ann)
        if claim.state == "signed":
            stage.world.execute(claim)
        stage.world.settle()
        stage.world.settle()
        stage.check_books()
        final = stage.world.claim_of(stage.ann)
        paid = bool(stage.world.fake_chain.delivered)
        assert final.state == ("confirmed" if paid else "refunded")
