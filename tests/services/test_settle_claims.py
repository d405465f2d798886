"""Settling: confirmed on delivery, refunded on the chain's proof, undecided on any doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.errors import InvariantBroken, Unavailable
from shared.domain.observations import SEQNO_ANOMALY, Observation
from shared.domain.ton_views import VaultSnapshot
from shared.services.settle_claims import settle_claims
from tests.fakes import FakeChain
from tests.services.claim_world import START_CREDITS, ClaimWorld

DAY_S = 24 * 3600


@pytest.fixture
def world() -> ClaimWorld:
    return ClaimWorld()


@pytest.fixture
def ann(world: ClaimWorld) -> str:
    return world.player()


@pytest.fixture
def signed(world, ann):
    return world.ask(ann).claim


class SeenOtherwise:
    """A provider that shows the vault's state changed in some way."""

    def __init__(self, chain: FakeChain, **changes) -> None:
        self._chain = chain
        self.changes = changes

    def vault_snapshot(self, recipient: str) -> VaultSnapshot:
        return replace(self._chain.vault_snapshot(recipient), **self.changes)

    def __getattr__(self, name: str):
        return getattr(self._chain, name)


def expire(world) -> None:
    """Past the claim's time and its margin, by our clock and the shard's."""
    world.advance(seconds=600 + 61)


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


def test_a_run_without_time_for_all_begins_elsewhere_next_minute(world, monkeypatch):
    for number in range(1, 6):
        world.ask(world.player(number))
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
    for _ in range(8):
        world.settle()
    assert len(set(looked_at)) == 5


# ---- what the player is told of a transaction that failed


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (1001, "vault_paused"),
        (1004, "vault_day_cap"),
        (1005, "too_few_coins_attached"),
        (None, "too_few_coins_attached"),
        (51532, "sent_from_another_wallet"),
        (24383, "claim_expired"),
        (424242, "vault_failed"),
    ],
)
def test_a_refused_message_is_shown_with_its_reason_and_settles_nothing(
    world, ann, signed, exit_code, reason
):
    world.refuse_on_chain(signed, exit_code=exit_code)
    assert world.settle().waiting == 1
    claim = world.claim_of(ann)
    assert (claim.state, claim.failure, claim.failure_transaction) == ("signed", reason, "fake rejection 0")
    assert claim.failure_ms > 0


def test_a_refused_message_may_be_sent_again(world, ann, signed):
    world.refuse_on_chain(signed, exit_code=1001)
    world.settle()
    world.execute(signed)
    assert world.settle().confirmed == 1


def test_the_last_refusal_is_the_one_shown(world, ann, signed):
    world.refuse_on_chain(signed, exit_code=1001)
    world.settle()
    world.refuse_on_chain(signed, exit_code=1005)
    world.settle()
    assert world.claim_of(ann).failure == "too_few_coins_attached"


def test_a_refusal_of_somebody_elses_message_is_not_this_claims(world, ann, signed):
    world.fake_chain.reject_claim("00" * 32, exit_code=1001)
    world.settle()
    assert world.claim_of(ann).failure == ""


def test_refusals_nobody_can_read_cost_only_a_hint(world, ann, signed, monkeypatch):
    def away(*, since_s):
        raise Unavailable("no", code="provider_unavailable")

    monkeypatch.setattr(world.fake_chain, "rejections", away)
    world.secondary = world.fake_chain
    expire(world)
    assert world.settle().refunded == 1
