"""What the player is told of a transaction that failed, and that it settles nothing."""

from __future__ import annotations

import pytest

from shared.domain.errors import Unavailable
from tests.services.claims.chain_views import expire


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
