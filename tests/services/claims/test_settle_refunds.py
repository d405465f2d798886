"""Refunds: only on the chain's proof that a claim can never be paid, and never beside a payment."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.errors import Unavailable
from tests.fakes.chain import FakeChain
from tests.services.claim_world import DAY_S, START_CREDITS
from tests.services.claims.chain_views import SeenOtherwise, expire


def test_an_unsent_claim_is_refunded_after_two_reads_a_minute_apart(world, ann, signed):
    expire(world)
    assert world.settle().waiting == 1
    world.advance(seconds=59)
    assert world.settle().waiting == 1
    world.advance(seconds=1)
    assert world.settle().refunded == 1
    claim = world.claim_of(ann)
    assert (claim.state, claim.reason) == ("refunded", "expired_unsent")
    assert world.money(ann) == (START_CREDITS, 0)


def test_a_refund_rests_on_the_shards_time_strictly_past_the_claims(world, ann, signed):
    world.secondary = world.fake_chain
    world.clock.advance(seconds=DAY_S)
    over_s = signed.valid_until_s + 60
    world.fake_chain.account = replace(world.fake_chain.account, shard_time_s=over_s)
    assert world.settle().waiting == 1
    world.fake_chain.advance(seconds=1)
    assert world.settle().refunded == 1


def test_a_second_provider_that_agrees_saves_the_minute(world, ann, signed):
    world.secondary = world.fake_chain
    expire(world)
    assert world.settle().refunded == 1


def test_a_second_provider_that_saw_the_claim_run_stops_the_refund(world, ann, signed):
    world.secondary = SeenOtherwise(world.fake_chain, last_seqno=1)
    expire(world)
    for _ in range(3):
        assert world.settle().refunded == 0
        world.advance(seconds=120)
    assert "provider_disagreement" in world.reported
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_second_provider_that_lags_delays_the_refund(world, ann, signed):
    behind = SeenOtherwise(world.fake_chain, shard_time_s=signed.valid_until_s)
    world.secondary = behind
    expire(world)
    assert world.settle().waiting == 1
    behind.changes = {}
    assert world.settle().refunded == 1


def test_a_second_provider_that_is_away_decides_nothing(world, ann, signed):
    away = FakeChain(world.fake_chain.account)
    away.is_down = True
    world.secondary = away
    expire(world)
    tally = world.settle()
    assert (tally.undecided, tally.reasons) == (1, {"provider_unavailable": 1})


def test_the_second_read_must_be_of_a_later_block(world, ann, signed):
    expire(world)
    world.settle()
    world.clock.advance(seconds=61)
    assert world.settle().waiting == 1
    world.fake_chain.advance(seconds=1)
    assert world.settle().refunded == 1


def test_a_read_that_contradicts_the_first_makes_it_count_for_nothing(world, ann, signed):
    expire(world)
    world.settle()
    early = SeenOtherwise(world.fake_chain, shard_time_s=signed.valid_until_s)
    world.chain = early
    world.advance(seconds=61)
    assert world.settle().waiting == 1
    early.changes = {}
    assert world.settle().waiting == 1
    world.advance(seconds=60)
    assert world.settle().refunded == 1


def test_a_bounced_claim_is_refunded_like_an_unsent_one(world, ann, signed):
    world.execute(signed, is_aborted=True)
    assert world.settle().waiting == 1
    world.secondary = world.fake_chain
    expire(world)
    assert world.settle().refunded == 1
    assert world.money(ann) == (START_CREDITS, 0)


def test_a_claim_never_signed_is_voided_and_refunded_after_a_day(world, ann):
    world.signer.is_away = True
    claim = world.ask(ann).claim
    world.advance(seconds=DAY_S)
    assert world.settle().waiting == 1
    world.advance(seconds=1)
    assert world.settle().refunded == 1
    assert world.fake_journal.entries[claim.terms.journal_id].state == "void"
    assert world.claim_of(ann).reason == "unsigned_for_too_long"
    assert world.money(ann) == (START_CREDITS, 0)


def test_an_intent_without_a_signature_counts_as_signed(world, ann):
    world.fake_key.failure = Unavailable("no", code="kms_unavailable")
    claim = world.ask(ann).claim
    assert claim.state == "reserved"
    world.secondary = world.fake_chain
    world.clock.advance(seconds=2 * DAY_S)
    assert world.settle().refunded == 0
    world.fake_chain.advance(seconds=2 * DAY_S)
    assert world.settle().refunded == 1


def test_confirm_and_refund_share_one_key_and_the_first_wins(world, ann, signed):
    expire(world)
    world.secondary = world.fake_chain
    stale = world.settlement
    assert world.settle().refunded == 1
    row = world.settle_row(signed)
    world.fake_claims.claims[signed.terms.id] = signed  # a document that was left behind
    world.execute(signed)
    world.settle()
    assert world.settle_row(signed) == row
    assert world.claim_of(ann).state == "refunded"
    assert world.money(ann) == (START_CREDITS, 0)
    assert stale is not world.settlement
