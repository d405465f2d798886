"""Corrections keep to their limits, need a second administrator above a threshold, and never overdraw."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.adjustments import ROLE_LIMITS, SECOND_APPROVAL_ABOVE, Adjustment
from shared.domain.admins import ROLES, Role
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import admin_key
from shared.domain.money import CURRENCIES, INT64_MAX
from shared.services.adjust_balances import (
    QUEUE_LENGTH,
    adjust_balance,
    decide_proposal,
    pending_proposals,
    settle_debt,
)
from shared.services.admin_audit import complete_admin_intents
from tests.services.admin_world import AdminWorld


class Scene:
    """Ann, a player without money, and administrators of every role."""

    def __init__(self) -> None:
        self.world = AdminWorld()
        self.ann = self.world.game.player_with_starter()
        self.actors: dict[str, Any] = {role: self.world.actor(role) for role in ROLES}
        self.actors["second"] = self.world.actor("owner", name="second")

    def adjust(
        self,
        direction: Any,
        amount: int,
        currency: Any = "AIBA",
        *,
        by: str = "owner",
        key: str = "",
    ) -> dict[str, Any]:
        wanted = Adjustment(self.ann, direction, currency, amount, "a reason")
        return adjust_balance(
            self.world.adjustments, self.actors[by], self.world.request(key), wanted
        ).answer()

    def decide(
        self, proposal_id: str, *, by: str = "second", is_confirmed: bool = True, key: str = ""
    ) -> Any:
        return decide_proposal(
            self.world.adjustments,
            self.actors[by],
            self.world.request(key),
            proposal_id=proposal_id,
            is_confirmed=is_confirmed,
        ).answer()

    @property
    def player(self) -> Any:
        return self.world.game.committer.read_player(self.ann)

    def refusal(self, call: Any) -> str:
        with pytest.raises(Refused) as refused:
            call()
        return refused.value.code


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_credit_and_its_reversal_leave_the_balance_as_it_was_and_both_rows(scene: Scene) -> None:
    credit = scene.adjust("credit", 100)
    assert credit["after"] == {"balance": "100", "debt": "0"}
    debit = scene.adjust("debit", 100)
    assert debit["after"] == {"balance": "0", "debt": "0"}
    kinds = [row.kind for row in scene.world.store.rows_at(scene.ann, range(1, 99))]
    assert kinds[-2:] == ["adjust", "adjust"]


def test_the_row_stands_under_the_administrators_key_with_the_reason(scene: Scene) -> None:
    scene.adjust("credit", 100)
    row = scene.world.store.row_by_key(admin_key(scene.ann, "owner", "owner:1"))
    assert (row.kind, row.answer["reason"], row.answer["by"]) == ("adjust", "a reason", "owner")
    assert {leg.account for leg in row.legs} == {scene.ann, "sys:adjustment"}


def test_the_same_key_moves_once(scene: Scene) -> None:
    assert scene.adjust("credit", 100, key="k") == scene.adjust("credit", 100, key="k")
    assert scene.player.balance("AIBA") == 100


def test_a_debit_beyond_the_balance_takes_what_is_there_and_owes_the_rest(scene: Scene) -> None:
    scene.adjust("credit", 100)
    assert scene.adjust("debit", 130)["after"] == {"balance": "0", "debt": "30"}
    assert scene.adjust("debit", 5)["after"] == {"balance": "0", "debt": "35"}


def test_a_credit_pays_the_debt_first_and_only_new_money_counts_against_the_budget(scene: Scene) -> None:
    scene.adjust("debit", 30)
    scene.world.game.configure(admin_daily_aiba=70)
    assert scene.adjust("credit", 100)["after"] == {"balance": "70", "debt": "0"}
    assert scene.refusal(lambda: scene.adjust("credit", 1)) == "admin_cap_reached"


def test_a_debt_is_settled_from_the_balance_as_far_as_it_reaches(scene: Scene) -> None:
    scene.adjust("debit", 30)
    scene.world.game.give(scene.ann, "AIBA", 20)
    settle = {"account": scene.ann, "currency": "AIBA", "reason": "now"}
    paid = settle_debt(
        scene.world.adjustments, scene.actors["owner"], scene.world.request(), **settle
    ).answer()
    assert paid["after"] == {"balance": "0", "debt": "10"}
    again = settle_debt(scene.world.adjustments, scene.actors["owner"], scene.world.request(), **settle)
    assert scene.refusal(again.answer) == "insufficient_funds"


def test_without_a_debt_there_is_nothing_to_settle(scene: Scene) -> None:
    audited = settle_debt(
        scene.world.adjustments,
        scene.actors["owner"],
        scene.world.request(),
        account=scene.ann,
        currency="AIBA",
        reason="x",
    )
    assert scene.refusal(audited.answer) == "no_debt"


@pytest.mark.parametrize("currency", [name for name in CURRENCIES if name != "AIBA"])
def test_other_currencies_have_no_daily_budget(scene: Scene, currency: str) -> None:
    scene.world.game.configure(admin_daily_aiba=0)
    assert scene.adjust("credit", 5, currency)["after"]["balance"] == "5"


def test_no_aiba_is_given_while_emission_is_paused(scene: Scene) -> None:
    config = scene.world.game.configs.config
    scene.world.game.set_config(paused=type(config.paused)(emission=True))
    assert scene.refusal(lambda: scene.adjust("credit", 5)) == "emission_paused"
    assert scene.adjust("credit", 5, "NEUR")["after"]["balance"] == "5"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("currency", CURRENCIES)
def test_a_role_moves_as_much_as_its_limit_and_no_unit_more(scene: Scene, role: Role, currency: Any) -> None:
    limit = ROLE_LIMITS[role][currency]
    if limit > 10**12:
        return  # the owner's limit is int64's own
    assert (
        scene.refusal(lambda: scene.adjust("debit", limit + 1, currency, by=role)) == "adjustment_above_limit"
    )
    assert limit == 0 or scene.adjust("debit", limit, currency, by=role)


def test_a_refused_amount_leaves_no_record(scene: Scene) -> None:
    scene.refusal(lambda: scene.adjust("credit", 501, by="support"))
    assert scene.world.records("a-support") == []


def test_above_the_threshold_nothing_moves_until_another_confirms(scene: Scene) -> None:
    amount = SECOND_APPROVAL_ABOVE["AIBA"] + 1
    proposal = scene.adjust("credit", amount)
    assert (proposal["state"], scene.player.balance("AIBA")) == ("pending", 0)
    assert [waiting["id"] for waiting in pending_proposals(scene.world.adjustments)] == [proposal["id"]]
    answer = scene.decide(proposal["id"])
    assert (answer["state"], answer["result"]["by"]) == ("confirmed", "owner+a-second")
    assert scene.player.balance("AIBA") == amount
    assert pending_proposals(scene.world.adjustments) == []


def test_at_the_threshold_one_is_enough(scene: Scene) -> None:
    scene.adjust("credit", SECOND_APPROVAL_ABOVE["AIBA"])
    assert scene.player.balance("AIBA") == SECOND_APPROVAL_ABOVE["AIBA"]


def test_nobody_confirms_their_own_proposal_but_may_take_it_back(scene: Scene) -> None:
    proposal = scene.adjust("credit", 6_000)
    assert scene.refusal(lambda: scene.decide(proposal["id"], by="owner")) == "second_admin_required"
    assert scene.decide(proposal["id"], by="owner", is_confirmed=False)["state"] == "rejected"
    assert scene.refusal(lambda: scene.decide(proposal["id"])) == "proposal_decided"
    assert scene.player.balance("AIBA") == 0


def test_a_second_may_not_confirm_what_their_own_role_may_not_move(scene: Scene) -> None:
    proposal = scene.adjust("debit", 60_000)
    assert scene.refusal(lambda: scene.decide(proposal["id"], by="economist")) == "adjustment_above_limit"


def test_a_proposal_is_good_for_a_day(scene: Scene) -> None:
    proposal = scene.adjust("credit", 6_000)
    scene.world.clock.advance(seconds=86_401)
    assert scene.refusal(lambda: scene.decide(proposal["id"])) == "proposal_expired"


def test_proposals_that_nobody_decided_in_time_do_not_hide_the_ones_that_wait(scene: Scene) -> None:
    for _ in range(QUEUE_LENGTH):
        scene.adjust("credit", 6_000)
    scene.world.clock.advance(seconds=86_401)
    waiting = scene.adjust("credit", 6_000)
    assert pending_proposals(scene.world.adjustments) == [waiting]


def test_a_proposal_is_confirmed_once_whoever_else_tries(scene: Scene) -> None:
    proposal = scene.adjust("credit", 6_000)
    scene.decide(proposal["id"], key="k")
    scene.decide(proposal["id"], key="k")
    assert scene.refusal(lambda: scene.decide(proposal["id"], by="economist")) == "proposal_decided"
    assert scene.player.balance("AIBA") == 6_000


def test_an_unknown_proposal_and_an_unknown_player_are_refused(scene: Scene) -> None:
    assert scene.refusal(lambda: scene.decide("p1")) == "proposal_unknown"
    scene.ann = "tg404"
    assert scene.refusal(lambda: scene.adjust("credit", 1)) == "player_unknown"
    assert scene.refusal(lambda: scene.adjust("credit", 6_000)) == "player_unknown"


def die_before_the_row(scene: Scene, monkeypatch: pytest.MonkeyPatch, proposal: Any) -> None:
    """A confirmation writes that it is meant, and its process ends before the game's ledger hears of it."""

    def die(row: Any) -> bool:
        raise Unavailable("died", code="x")

    with monkeypatch.context() as patch:
        patch.setattr(scene.world.store, "insert_row", die)
        with pytest.raises(Unavailable):
            scene.decide(proposal["id"])


def test_a_confirmation_that_died_before_its_row_is_moved_by_the_janitor(scene: Scene, monkeypatch) -> None:
    proposal = scene.adjust("credit", 6_000)
    die_before_the_row(scene, monkeypatch, proposal)
    assert scene.player.balance("AIBA") == 0
    scene.world.clock.advance(seconds=301)
    assert complete_admin_intents(scene.world.trail) == 1
    assert scene.world.records("a-second")[-1]["result"] == "done"
    assert scene.player.balance("AIBA") == 6_000


def test_a_dead_confirmation_that_can_no_longer_move_is_told_and_stops_no_other_record(
    scene: Scene, monkeypatch
) -> None:
    proposal = scene.adjust("credit", INT64_MAX, "STARS")
    die_before_the_row(scene, monkeypatch, proposal)
    scene.adjust("credit", 1, "STARS")
    scene.world.clock.advance(seconds=301)
    assert complete_admin_intents(scene.world.trail) == 1
    assert scene.world.records("a-second")[-1]["result"] == "not_done"
    assert scene.player.balance("STARS") == 1


def test_a_proposal_that_was_lost_halfway_is_not_proposed_twice(scene: Scene) -> None:
    with scene.world.outcomes_lost(), pytest.raises(Unavailable):
        scene.adjust("credit", 6_000, key="k")
    scene.adjust("credit", 6_000, key="k")
    assert len(scene.world.proposals.known) == 1
