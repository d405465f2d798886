"""Asking for a claim while claims are paused, or the signer or the chain is away or behind."""

from __future__ import annotations

import pytest

from shared.domain.errors import Refused, Unavailable
from tests.services.claim_world import START_CREDITS


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
