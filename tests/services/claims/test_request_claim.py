"""Asking for a claim: what it moves, what a replay sees, and what is seen of it later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.claims import claim_of_row
from shared.domain.errors import Refused, Unavailable
from shared.domain.ledger import client_key
from tests.services.claim_world import START_CREDITS, VAULT, wallet_address


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


def test_a_seqno_read_for_a_wallet_that_was_changed_meanwhile_is_not_the_new_wallets(world, ann):
    world.game.configure(wallet_cooldown_hours=0)
    world.fake_chain.last_seqnos[wallet_address(1)] = 5
    look = world.chain.vault_snapshot

    def relink(recipient):
        world.chain.vault_snapshot = look
        world.link(ann, 2)
        return look(recipient)

    world.chain.vault_snapshot = relink
    with pytest.raises(Unavailable) as refused:
        world.ask(ann)
    assert refused.value.code == "wallet_changed"
    assert world.money(ann) == (START_CREDITS, 0)
    assert world.ask(ann).claim.terms.seqno == 1
