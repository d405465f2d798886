"""The contract of wallets' challenges, on the fake and on MongoDB's wire protocol alike."""

from __future__ import annotations

from typing import Any

import pytest

from shared.adapters.mongo_wallets import FORGOTTEN_AT_ONCE, MongoChallenges
from tests.at_once import at_once
from tests.fakes.wallets import FakeChallenges
from tests.services.conftest import Part


@pytest.fixture
def challenges(part: Part) -> Any:
    found = part(FakeChallenges, MongoChallenges)
    found.create("nonce", account="ann", expires_ms=1_000)
    return found


def test_a_challenge_is_used_once(challenges):
    assert challenges.consume("nonce", account="ann", now_ms=1_000)
    assert not challenges.consume("nonce", account="ann", now_ms=1_000)


def test_a_challenge_is_used_once_by_many_at_once(challenges):
    assert sum(at_once(6, lambda _: challenges.consume("nonce", account="ann", now_ms=5))) == 1


@pytest.mark.parametrize(
    ("nonce", "account", "now_ms"), [("nonce", "bob", 5), ("other", "ann", 5), ("nonce", "ann", 1_001)]
)
def test_a_challenge_of_another_player_unknown_or_expired_is_not_used(challenges, nonce, account, now_ms):
    assert not challenges.consume(nonce, account=account, now_ms=now_ms)
    assert challenges.consume("nonce", account="ann", now_ms=5)


def test_challenges_past_their_time_are_forgotten_used_or_not_and_others_stay(challenges):
    challenges.create("used", account="ann", expires_ms=1_500)
    challenges.create("live", account="ann", expires_ms=2_000)
    assert challenges.consume("used", account="ann", now_ms=5)
    assert challenges.forget_expired(before_ms=1_000) == 0
    assert challenges.forget_expired(before_ms=2_000) == 2
    assert challenges.forget_expired(before_ms=2_000) == 0
    assert not challenges.consume("nonce", account="ann", now_ms=5)
    assert not challenges.consume("used", account="ann", now_ms=5)
    assert challenges.consume("live", account="ann", now_ms=2_000)


def test_many_expired_challenges_are_forgotten_a_batch_at_a_time(challenges):
    for number in range(FORGOTTEN_AT_ONCE):
        challenges.create(f"n{number}", account="ann", expires_ms=number)
    assert challenges.forget_expired(before_ms=1_001) == FORGOTTEN_AT_ONCE
    assert challenges.forget_expired(before_ms=1_001) == 1
    assert challenges.forget_expired(before_ms=1_001) == 0


@pytest.mark.parametrize("round_number", range(10))
def test_a_challenge_forgotten_while_it_is_used_is_used_once_at_most_and_never_again(
    challenges, round_number
):
    """Clocks that disagree by far more than the hour's margin: the last who uses it meets the deletion."""
    challenges.create("live", account="ann", expires_ms=9_000)

    def use_or_forget(number: int) -> bool:
        if number % 3 == round_number % 3:
            challenges.forget_expired(before_ms=1_001)
            return False
        return challenges.consume("nonce", account="ann", now_ms=1_000)

    assert sum(at_once(6, use_or_forget)) <= 1
    challenges.forget_expired(before_ms=1_001)
    assert not any(at_once(4, lambda _: challenges.consume("nonce", account="ann", now_ms=1_000)))
    assert challenges.consume("live", account="ann", now_ms=9_000)
