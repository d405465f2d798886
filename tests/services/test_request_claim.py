"""Asking for a claim: every refusal in its order, what a replay sees, and what happens when a part is away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.claims import claim_of_row
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import client_key
from tests.services.claim_world import START_CREDITS, VAULT, ClaimWorld


@pytest.fixture
def world() -> ClaimWorld:
    return ClaimWorld()


@pytest.fixture
def ann(world: ClaimWorld) -> str:
    return world.player()


def test_a_claim_moves_its_credits_to_escrow_and_comes_back_signed(world, ann):
    progress = world.ask(ann, 100)
    claim = progress.claim
    assert (claim.state, progress.signer, progress.is_replay) == ("signed", None, False)
    assert world.money(ann) == (START_CREDITS - 100, 100)
    assert (claim.terms.units, claim.terms.seqno) == (100 * VAULT.units_per_credit, 1)
    assert claim.valid_until_s == world.clock.now_ms() // 1000 + 600


def test_the_same_key_answers_the_claims_current_view_and_signs_nothing_new(world, ann):
    first = world.ask(ann)
    again = world.ask(ann)
    assert again.is_replay
    assert again.claim == first.claim
    assert len(world.fake_key.signed) == 1
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_the_same_key_answers_the_state_the_claim_reached(world, ann):
    claim = world.ask(ann).claim
    world.execute(claim)
    world.settle()
    again = world.ask(ann)
    assert (again.claim.state, again.is_replay) == ("confirmed", True)
    assert again.claim.transaction_hash


def test_a_key_used_for_another_amount_is_refused(world, ann):
    world.ask(ann, 100)
    with pytest.raises(Refused) as refused:
        world.ask(ann, 101, fp="other")
    assert refused.value.code == "idempotency_key_reused"


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


def test_a_pause_stops_new_claims_unrecorded_and_hides_no_old_one(world, ann):
    signed = world.ask(ann)
    bob = world.player(2)
    world.pause()
    with pytest.raises(Unavailable) as paused:
        world.ask(bob)
    assert paused.value.code == "claims_paused"
    assert world.ask(ann).claim == signed.claim
    world.set_paused(claims=False)
    assert world.ask(bob).claim.state == "signed"


def test_a_claim_reserved_before_a_pause_waits_and_says_why(world, ann):
    world.signer.is_away = True
    world.ask(ann)
    world.signer.is_away = False
    world.pause()
    progress = world.ask(ann)
    assert (progress.claim.state, progress.signer.code) == ("reserved", "claims_paused")


def test_a_signer_that_is_away_leaves_the_claim_reserved_and_the_key_asks_again(world, ann):
    world.signer.is_away = True
    progress = world.ask(ann)
    assert (progress.claim.state, progress.signer.code) == ("reserved", "signer_unavailable")
    assert world.money(ann) == (START_CREDITS - 100, 100)
    world.signer.is_away = False
    assert world.ask(ann).claim.state == "signed"
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_claim_may_be_looked_at_while_the_signer_is_away(world, ann):
    world.signer.is_away = True
    claim = world.ask(ann).claim
    assert world.look(ann, claim.terms.id).claim.state == "reserved"


@pytest.mark.parametrize("state", ["reserved", "awaiting_approval", "signed", "rejected"])
def test_a_look_at_a_claim_nobody_approved_asks_no_signer(world, ann, state):
    claim = world.ask(ann).claim
    world.move(claim, state=state)
    world.signer.asked.clear()
    progress = world.look(ann, claim.terms.id)
    assert (progress.claim.state, progress.signer, world.signer.asked) == (state, None, [])


def test_a_look_at_an_approved_claim_asks_the_signer_and_says_why_it_did_not_sign(world, ann):
    world.game.configure(claim_approval_above_aiba=99)
    claim = world.ask(ann, 100).claim
    world.approve(claim)
    world.signer.is_away = True
    progress = world.look(ann, claim.terms.id)
    assert (progress.claim.state, progress.signer.code) == ("approved", "signer_unavailable")
    world.signer.is_away = False
    assert world.look(ann, claim.terms.id).claim.state == "signed"


def test_a_chain_that_is_away_stops_only_a_claim_whose_seqno_no_row_knows(world, ann):
    first = world.ask(ann).claim
    world.execute(first)
    world.settle()
    bob = world.player(2)
    world.fake_chain.is_down = True
    with pytest.raises(Unavailable):
        world.ask(bob)
    assert world.money(bob) == (START_CREDITS, 0)
    assert world.ask(ann, key="k2").claim.terms.seqno == 2
    world.fake_chain.is_down = False
    assert world.ask(bob).claim.terms.seqno == 1


def test_a_replay_and_a_sure_refusal_ask_no_chain(world, ann):
    bob = world.player(2, credits=5)
    world.ask(ann)
    world.fake_chain.is_down = True
    assert world.ask(ann).is_replay
    with pytest.raises(Refused) as refused:
        world.ask(bob, 100)
    assert refused.value.code == "insufficient_funds"


def test_a_first_claim_goes_on_from_the_chains_seqno(world, ann):
    world.fake_chain.last_seqnos["0:" + f"{1:064x}"] = 41
    assert world.ask(ann).claim.terms.seqno == 42


def test_a_state_older_than_the_wallets_link_says_no_seqno(world, ann):
    wallet = dict(world.committer.view_player(ann).state["wallet"])
    shard_ms = world.fake_chain.account.shard_time_s * 1000
    world.game.configure(wallet_cooldown_hours=0)
    world.game.change(ann, wallet=wallet | {"linkedMs": shard_ms})
    with pytest.raises(Unavailable) as behind:
        world.ask(ann)
    assert behind.value.code == "chain_behind"
    world.advance(seconds=1)
    assert world.ask(ann).claim.state == "signed"


def test_another_players_claim_is_as_unknown_as_one_that_does_not_exist(world, ann):
    bob = world.player(2)
    claim = world.ask(ann).claim
    for asked in (claim.terms.id, "c" + "0" * 24):
        with pytest.raises(Refused) as refused:
            world.look(bob, asked)
        assert refused.value.code == "claim_unknown"


def test_a_players_word_about_what_was_sent_decides_nothing(world, ann):
    claim = world.ask(ann).claim
    told = world.report_sent(ann, claim.terms.id, "te6cck")
    assert told.claim.wallet_report == "te6cck"
    assert replace(told.claim, wallet_report="", revision=claim.revision) == claim
    world.settle()
    assert world.claim_of(ann).state == "signed"
    assert len(world.fake_key.signed) == 1


def test_two_claims_at_once_from_two_devices_open_one(world, ann):
    world.ask(ann, key="phone")
    with pytest.raises(Refused) as refused:
        world.ask(ann, key="tablet")
    assert refused.value.code == "claim_open"
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_claims_row_alone_is_enough_to_know_the_claim(world, ann):
    claim = world.ask(ann).claim
    row = world.committer.store.row_by_key(client_key(ann, "k1"))
    assert claim_of_row(row).terms == claim.terms
    del world.fake_claims.claims[claim.terms.id]
    world.clean()
    assert world.claim_of(ann).terms == claim.terms
    assert world.ask(ann).claim.signature == claim.signature


def test_a_refused_claim_document_that_the_journal_does_not_confirm_is_not_believed(world, ann):
    claim = world.ask(ann).claim
    world.move(claim, state="refused", rule="made up")
    progress = world.look(ann, claim.terms.id)
    assert progress.claim.state == "refused"
    assert world.money(ann) == (START_CREDITS - 100, 100)
    world.execute(claim)
    world.settle()
    assert world.claim_of(ann).state == "confirmed"
