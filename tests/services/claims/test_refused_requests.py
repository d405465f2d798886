"""Asking for a claim: every refusal, in its order."""

from __future__ import annotations

import pytest

from shared.domain.errors import Refused
from shared.domain.money import INT64_MAX
from tests.services.claim_world import START_CREDITS, VAULT


def set_debt(world, ann):
    world.game.change(ann, debt={"AIBA": 5})


def open_claim(world, ann):
    world.ask(ann, 20, key="earlier")


def cool_wallet(world, ann):
    wallet = dict(world.committer.view_player(ann).state["wallet"])
    world.game.change(ann, wallet=wallet | {"linkedMs": world.clock.now_ms()})


def foreign_wallet(world, ann):
    wallet = dict(world.committer.view_player(ann).state["wallet"])
    world.game.change(ann, wallet=wallet | {"network": -239})


def spend_count(world, ann):
    world.game.configure(claim_max_per_player_per_day=0)


def spend_amount(world, ann):
    world.game.configure(claim_max_aiba_per_player_per_day=99)


def spend_hour(world, ann):
    world.game.configure(claim_max_aiba_per_hour=99)


def spend_day(world, ann):
    world.game.configure(claim_max_aiba_per_day=99)


def raise_minimum(world, ann):
    world.game.configure(claim_min_aiba=101)


def lower_maximum(world, ann):
    world.game.configure(claim_max_aiba=99)


def spend_all(world, ann):
    world.game.give(ann, "AIBA", -START_CREDITS + 99)


REFUSALS = [
    (cool_wallet, "wallet_cooldown", "cooldownEndsAt"),
    (open_claim, "claim_open", "claimId"),
    (set_debt, "debt_outstanding", "debt"),
    (raise_minimum, "claim_below_minimum", "min"),
    (lower_maximum, "claim_above_maximum", "max"),
    (spend_all, "insufficient_funds", "have"),
    (spend_count, "claim_daily_count", "max"),
    (spend_amount, "claim_daily_amount", "left"),
    (spend_hour, "claims_cap_reached", None),
    (spend_day, "claims_cap_reached", None),
]


@pytest.mark.parametrize(("prepare", "code", "hint"), REFUSALS, ids=[row[0].__name__ for row in REFUSALS])
def test_each_refusal_is_recorded_says_what_helps_and_moves_nothing(world, ann, prepare, code, hint):
    prepare(world, ann)
    before = world.money(ann)
    with pytest.raises(Refused) as refused:
        world.ask(ann, 100)
    assert refused.value.code == code
    assert hint is None or hint in refused.value.extra
    assert world.money(ann) == before
    with pytest.raises(Refused) as again:
        world.ask(ann, 100)
    assert (again.value.code, again.value.extra["isReplay"]) == (code, True)


def test_a_wallet_of_another_network_and_no_wallet_are_refused_first_of_all(world, ann):
    bob = world.game.register(2)
    with pytest.raises(Refused) as missing:
        world.ask(bob, 10**9)
    foreign_wallet(world, ann)
    with pytest.raises(Refused) as foreign:
        world.ask(ann, 10**9)
    assert (missing.value.code, foreign.value.code) == ("wallet_required", "wrong_network")


def test_refusals_come_in_their_order(world, ann):
    order = [prepare for prepare, _, _ in REFUSALS if prepare is not open_claim]
    codes = [code for prepare, code, _ in REFUSALS if prepare is not open_claim]
    undo = {
        cool_wallet: lambda: world.link(ann, 1),
        set_debt: lambda: world.game.change(ann, debt={"AIBA": 0}),
        raise_minimum: lambda: world.game.configure(claim_min_aiba=1),
        lower_maximum: lambda: world.game.configure(claim_max_aiba=10_000),
        spend_all: lambda: world.game.give(ann, "AIBA", START_CREDITS),
        spend_count: lambda: world.game.configure(claim_max_per_player_per_day=3),
        spend_amount: lambda: world.game.configure(claim_max_aiba_per_player_per_day=1_000),
        spend_hour: lambda: world.game.configure(claim_max_aiba_per_hour=1_000),
        spend_day: lambda: None,
    }
    for prepare in order:
        prepare(world, ann)
    seen = []
    for number, prepare in enumerate(order):
        with pytest.raises(Refused) as refused:
            world.ask(ann, 100, key=f"k{number}")
        seen.append(refused.value.code)
        undo[prepare]()
    assert seen == codes


def test_a_ban_is_answered_before_any_other_refusal_and_recorded_nowhere(world, ann):
    world.game.change(
        ann, bans={"withdraw": {"until": 0, "reason": "r", "by": "op", "since": 1}}, debt={"AIBA": 5}
    )
    with pytest.raises(Refused) as refused:
        world.ask(ann)
    assert refused.value.code == "banned"
    world.game.change(ann, bans={}, debt={"AIBA": 0})
    assert world.ask(ann).claim.state == "signed"


@pytest.mark.parametrize("credits", [0, 2**63 - 1])
def test_an_amount_out_of_all_bounds_is_refused_and_not_an_error(world, ann, credits):
    with pytest.raises(Refused):
        world.ask(ann, credits)
    assert world.money(ann) == (START_CREDITS, 0)


def test_a_refund_gives_no_allowance_back(world, ann):
    world.game.configure(claim_max_aiba_per_player_per_day=150)
    world.ask(ann, 100)
    world.advance(seconds=700)
    world.settle()
    world.advance(seconds=70)
    world.settle()
    assert world.money(ann) == (START_CREDITS, 0)
    with pytest.raises(Refused) as refused:
        world.ask(ann, 100, key="k2")
    assert (refused.value.code, refused.value.extra["left"]) == ("claim_daily_amount", "50")


def test_a_claim_whose_jetton_units_pass_int64_is_above_the_maximum_whatever_is_configured(world):
    most = INT64_MAX // VAULT.units_per_credit
    world.game.configure(claim_max_aiba=10**12, claim_max_aiba_per_player_per_day=10**12)
    rich = world.player(2, credits=most + 1)
    with pytest.raises(Refused) as refused:
        world.ask(rich, most + 1)
    assert (refused.value.code, refused.value.extra["max"]) == ("claim_above_maximum", str(most))
    assert world.money(rich) == (most + 1, 0)
