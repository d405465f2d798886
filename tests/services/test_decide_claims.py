"""A person's yes is bound to one claim, and a person's no gives the credits back."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.adjustments import Adjustment
from shared.domain.errors import Refused, Unavailable
from shared.services.adjust_balances import adjust_balance
from shared.services.admin_audit import complete_admin_intents
from shared.services.decide_claims import approve_claim, list_claims, reject_claim
from tests.services.admin_world import AdminWorld


class Scene:
    """A player whose claim is above what the signer signs by itself."""

    def __init__(self) -> None:
        self.world = AdminWorld()
        self.claims = self.world.claim_world
        self.account = self.claims.player(credits=8_000)
        self.claims.game.configure(claim_approval_above_aiba=100)
        self.id = self.claims.ask(self.account, 500).claim.terms.id

    @property
    def state(self) -> str:
        return self.claims.claims.read(self.id).state

    def approve(self, key: str = "") -> Any:
        return approve_claim(
            self.world.claims, self.world.actor(), self.world.request(key), claim_id=self.id
        ).answer()

    def reject(self, key: str = "") -> Any:
        return reject_claim(
            self.world.claims, self.world.actor(), self.world.request(key), claim_id=self.id, reason="too odd"
        ).answer()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_queue_shows_what_waits(scene: Scene) -> None:
    [waiting] = list_claims(scene.world.claims, state="awaiting_approval")
    assert (waiting["id"], waiting["amount"]) == (scene.id, "500")


def test_an_approved_claim_is_signed_when_its_player_looks(scene: Scene) -> None:
    assert scene.approve()["state"] == "approved"
    approval = scene.claims.approvals.read(scene.id)
    assert approval.binding == scene.claims.claims.read(scene.id).terms.binding()
    assert approval.approved_by == "owner"
    scene.claims.look(scene.account, scene.id)
    assert scene.state == "signed"


def test_a_rejected_claim_is_refunded_with_its_reason(scene: Scene) -> None:
    before = scene.claims.committer.read_player(scene.account).balance("AIBA")
    scene.reject()
    assert scene.state == "rejected"
    scene.claims.settle()
    claim = scene.claims.claims.read(scene.id)
    assert (claim.state, claim.reason) == ("refunded", "too odd")
    assert scene.claims.committer.read_player(scene.account).balance("AIBA") == before + 500


def test_an_approval_may_be_taken_back_until_it_is_signed(scene: Scene) -> None:
    scene.approve()
    assert scene.reject()["state"] == "rejected"


def test_a_signed_claim_is_past_deciding(scene: Scene) -> None:
    scene.approve()
    scene.claims.look(scene.account, scene.id)
    scene.world.clock.advance(seconds=1)
    for decide in (scene.approve, scene.reject):
        with pytest.raises(Refused) as refused:
            decide()
        assert refused.value.code == "claim_decided"


def test_an_unknown_claim_is_refused(scene: Scene) -> None:
    scene.id = "c404"
    for decide in (scene.approve, scene.reject):
        with pytest.raises(Refused) as refused:
            decide()
        assert refused.value.code == "claim_unknown"


def test_the_same_key_decides_once(scene: Scene) -> None:
    assert scene.reject("k") == scene.reject("k")
    assert len(scene.world.records()) == 2


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_whose_outcome_was_lost_is_found_by_the_janitor(scene: Scene, decision) -> None:
    with scene.world.outcomes_lost(), pytest.raises(Unavailable):
        getattr(scene, decision)()
    scene.world.clock.advance(seconds=301)
    assert complete_admin_intents(scene.world.trail) == 1
    assert scene.world.records()[-1]["result"] == "done"


@pytest.mark.parametrize(("decision", "end"), [("approve", "confirmed"), ("reject", "refunded")])
def test_a_decision_that_was_followed_before_its_outcome_was_written_is_told_as_done(
    scene: Scene, decision, end
) -> None:
    with scene.world.outcomes_lost(), pytest.raises(Unavailable):
        getattr(scene, decision)("k")
    if decision == "approve":
        scene.claims.look(scene.account, scene.id)
        scene.claims.execute(scene.claims.claims.read(scene.id))
    scene.claims.settle()
    assert getattr(scene, decision)("k")["state"] == scene.state == end
    assert scene.world.records()[-1]["result"] == "done"


def test_a_debt_stops_the_next_claim(scene: Scene) -> None:
    scene.reject()
    scene.claims.settle()
    balance = scene.claims.committer.read_player(scene.account).balance("AIBA")
    for amount in (balance // 2, balance // 2 + 7):
        wanted = Adjustment(scene.account, "debit", "AIBA", amount, "x")
        adjust_balance(scene.world.adjustments, scene.world.actor(), scene.world.request(), wanted).answer()
    scene.claims.game.give(scene.account, "AIBA", 1_000)
    with pytest.raises(Refused) as refused:
        scene.claims.ask(scene.account, 50, key="k2")
    assert refused.value.code == "debt_outstanding"
    assert refused.value.extra["debt"] == "7"
