"""Settling: confirmed on delivery and on nothing else, one claim after the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.errors import InvariantBroken
from shared.services.settle_claims import settle_claims
from tests.services.claim_world import DAY_S, START_CREDITS, wallet_address
from tests.services.claims.chain_views import expire


def test_a_delivered_claim_is_confirmed_and_leaves_escrow(world, ann, signed):
    world.execute(signed)
    assert world.settle().confirmed == 1
    claim = world.claim_of(ann)
    assert (claim.state, claim.transaction_hash) == ("confirmed", "fake transaction 0")
    assert world.money(ann) == (START_CREDITS - 100, 0)
    assert world.settle().looked_at == 0


@pytest.mark.parametrize(
    "moved", [{"vault": "0:" + "77" * 32}, {"jetton_master": "0:" + "78" * 32}, {"network": -239}]
)
def test_a_claim_of_another_vault_is_left_alone_however_late(world, ann, signed, moved):
    """The new vault's empty state proves nothing: the old one may have paid."""
    expire(world)
    settlement = replace(world.settlement, vault=replace(world.settlement.vault, **moved))
    for _ in range(3):
        tally = settle_claims(settlement)
        assert (tally.undecided, tally.reasons) == (1, {"vault_moved": 1})
        world.advance(seconds=DAY_S)
    assert world.claim_of(ann).state == "signed"
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_other_units_per_credit_do_not_hold_up_a_claim_of_before(world, ann, signed):
    world.execute(signed)
    settlement = replace(world.settlement, vault=replace(world.settlement.vault, units_per_credit=7))
    assert settle_claims(settlement).confirmed == 1


def test_the_next_claim_goes_on_from_the_confirmed_seqno(world, ann, signed):
    world.execute(signed)
    world.settle()
    assert world.ask(ann, key="k2").claim.terms.seqno == 2


def test_executed_is_not_paid(world, ann, signed):
    world.fake_chain.last_seqnos[signed.terms.recipient] = 1
    expire(world)
    for _ in range(3):
        assert world.settle().waiting == 1
        world.advance(seconds=120)
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_claim_executed_long_ago_and_never_delivered_is_reported(world, ann, signed):
    world.fake_chain.last_seqnos[signed.terms.recipient] = 1
    world.advance(seconds=600 + 15 * 60 + 1)
    world.settle()
    assert "claim_undelivered" in world.reported


@pytest.mark.parametrize(
    "change", [{"amount_units": 1}, {"recipient": "0:" + "99" * 32}, {"query_id": 2}, {"is_aborted": True}]
)
def test_another_delivery_confirms_nothing(world, ann, signed, change):
    world.execute(signed)
    [delivery] = world.fake_chain.delivered
    world.fake_chain.delivered = [replace(delivery, **change)]
    assert world.settle().confirmed == 0
    assert world.claim_of(ann).state == "signed"


def test_a_claim_that_can_still_be_sent_asks_no_state_of_the_vault(world, ann, signed, monkeypatch):
    monkeypatch.setattr(world.fake_chain, "vault_snapshot", lambda _: pytest.fail("nothing to decide yet"))
    world.advance(seconds=600)
    assert world.settle().waiting == 1


def test_a_claim_paid_in_its_last_second_and_settled_late_is_confirmed(world, ann, signed):
    world.advance(seconds=600)
    world.execute(signed)
    world.advance(seconds=DAY_S)
    assert world.settle().confirmed == 1


def test_a_vault_with_other_code_decides_nothing(world, ann, signed):
    world.fake_chain.account = replace(world.fake_chain.account, code_hash="cd" * 32)
    expire(world)
    assert world.settle().reasons == {"vault_code_unknown": 1}


def test_a_chain_that_is_away_decides_nothing_and_the_next_run_goes_on(world, ann, signed):
    world.execute(signed)
    world.fake_chain.is_down = True
    assert world.settle().undecided == 1
    world.fake_chain.is_down = False
    assert world.settle().confirmed == 1


def test_one_broken_claim_does_not_keep_the_others_from_being_settled(world):
    accounts = [world.player(number) for number in range(1, 5)]
    claims = [world.ask(account).claim for account in accounts]
    for claim in claims:
        world.execute(claim)
    del world.game.store.players[accounts[1]]
    with pytest.raises(InvariantBroken) as broken:
        world.settle()
    assert broken.value.code == "claims_unsettled"
    states = [world.claim_of(account).state for account in accounts]
    assert states == ["confirmed", "signed", "confirmed", "confirmed"]
    assert "claim_unsettled" in world.reported


def test_a_run_without_time_for_all_is_followed_by_one_that_goes_on_where_it_stopped(world, monkeypatch):
    for number in range(1, 6):
        world.ask(world.player(number))
        world.advance(seconds=1)
    deliveries = world.fake_chain.deliveries
    looked_at = []

    class Slow:
        """Every read of the journal takes a quarter of the run."""

        def read(self, journal_id):
            looked_at.append(journal_id)
            world.clock.advance(seconds=15)
            return world.fake_journal.read(journal_id)

    world.journal = Slow()
    monkeypatch.setattr(world.fake_chain, "deliveries", deliveries)
    tally = world.settle()
    assert (tally.looked_at, tally.postponed) == (3, 2)
    tally = world.settle()
    assert (tally.looked_at, tally.postponed) == (2, 0)
    assert len(set(looked_at)) == 5
    assert world.settle().looked_at == 3


@pytest.mark.parametrize("is_paid", [True, False])
def test_a_claim_is_settled_however_long_ago_it_was_and_however_many_were_paid_since(
    world, ann, signed, is_paid
):
    """No provider can tell in time what a vault paid in weeks; a claim is looked for where it can have been."""
    if is_paid:
        world.execute(signed)
    for number in range(200, 300):
        world.advance(seconds=2 * 3600)
        world.fake_chain.execute_claim(wallet_address(number), seqno=1, units=1)
    world.fake_chain.deliveries_told = 5
    world.settle()
    world.advance(seconds=60)
    world.settle()
    assert world.claim_of(ann).state == ("confirmed" if is_paid else "refunded")


def test_old_claims_of_one_hour_are_looked_for_in_one_answer(world):
    claims = [world.ask(world.player(number)).claim for number in range(1, 6)]
    for claim in claims:
        world.execute(claim)
    world.advance(seconds=DAY_S)
    asked, deliveries = [], world.fake_chain.deliveries

    def counted(**window):
        asked.append(window)
        return deliveries(**window)

    world.fake_chain.deliveries = counted
    assert world.settle().confirmed == 5
    assert len(asked) == 1
