"""A vault whose seqnos cannot be right stops all claims; one that only lags stops nothing."""

from __future__ import annotations

from shared.domain.errors import Unavailable
from shared.domain.observations import SEQNO_ANOMALY, Observation
from tests.services.claim_world import START_CREDITS
from tests.services.claims.chain_views import SeenOtherwise, expire


def test_a_seqno_above_anything_signed_stops_all_claims(world, ann, signed):
    world.fake_chain.last_seqnos[signed.terms.recipient] = 2
    expire(world)
    assert world.settle().anomalies == 1
    assert world.is_paused
    assert "last_seqno_anomaly" in world.reported
    assert world.observations.read([SEQNO_ANOMALY]) == [Observation(SEQNO_ANOMALY, world.clock.now_ms(), {})]
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_an_anomaly_that_could_not_be_noted_leaves_its_claim_to_the_next_run(world, ann, signed):
    world.execute(signed)
    world.fake_chain.last_seqnos[signed.terms.recipient] = 2
    note = world.fake_observations.note

    def away(seen):
        raise Unavailable("no database", code="database_unavailable")

    world.fake_observations.note = away
    assert world.settle().undecided == 1
    world.fake_observations.note = note
    assert world.settle().confirmed == 1
    assert len(world.observations.read([SEQNO_ANOMALY])) == 1


def test_a_paid_claim_is_confirmed_even_when_the_seqno_went_on(world, ann, signed):
    world.execute(signed)
    world.fake_chain.last_seqnos[signed.terms.recipient] = 2
    assert world.settle().confirmed == 1
    assert world.is_paused


def test_a_run_that_slept_while_another_settled_the_claim_takes_the_next_one_for_no_anomaly(
    world, ann, signed
):
    world.execute(signed)
    snapshot = world.fake_chain.vault_snapshot

    def late(recipient):
        world.fake_chain.vault_snapshot = snapshot
        assert world.settle().confirmed == 1
        world.execute(world.ask(ann, key="k2").claim)
        return snapshot(recipient)

    world.fake_chain.vault_snapshot = late
    assert world.settle().confirmed == 1
    assert not world.is_paused
    assert world.money(ann) == (START_CREDITS - 200, 100)


def paid_before(world, ann):
    first = world.ask(ann).claim
    world.execute(first)
    world.settle()
    world.advance(seconds=60)
    return world.ask(ann, key="k2").claim


def test_a_vault_deployed_anew_stops_all_claims_and_refunds_nothing(world, ann):
    second = paid_before(world, ann)
    world.fake_chain.last_seqnos.clear()
    expire(world)
    assert world.settle().anomalies == 1
    assert world.is_paused
    assert "last_seqno_fell" in world.reported
    assert world.claim_of(ann, "k2").state == second.state == "signed"


def test_a_state_older_than_the_claim_is_only_a_lag(world, ann):
    second = paid_before(world, ann)
    created_s = second.terms.created_ms // 1000
    world.chain = SeenOtherwise(world.fake_chain, last_seqno=0, shard_time_s=created_s)
    expire(world)
    assert world.settle().reasons == {"chain_behind": 1}
    assert not world.is_paused


def test_a_delivery_that_the_state_does_not_know_yet_decides_nothing(world, ann, signed):
    world.execute(signed)
    world.chain = SeenOtherwise(world.fake_chain, last_seqno=0)
    expire(world)
    assert world.settle().reasons == {"chain_behind": 1}
    assert world.money(ann) == (START_CREDITS - 100, 100)


def test_a_seqno_that_a_provider_made_up_stops_nobody_once_it_is_seen_through(world, ann):
    """Only its own claim waits, for nothing but a provider's word ever said that the vault had come so far."""
    world.chain = SeenOtherwise(world.fake_chain, last_seqno=7)
    assert world.ask(ann).claim.terms.seqno == 8
    world.chain = world.fake_chain
    bob = world.player(2)
    world.execute(world.ask(bob).claim)
    expire(world)
    tally = world.settle()
    assert (tally.confirmed, tally.reasons) == (1, {"chain_behind": 1})
    assert "provider_disagreement" in world.reported
    assert not world.is_paused
    assert world.money(ann) == (START_CREDITS - 100, 100)
