"""Wallet-link challenges long past their time: deleted an hour after they expired, used or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_HOUR

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.ports.wallets import Challenges

KEPT_MS: Final = MS_PER_HOUR
"""Far longer than any request lives, and than clocks differ: no link can still come to use it."""


@dataclass(frozen=True, slots=True)
class ChallengeKeeper:
    """What forgetting challenges needs."""

    challenges: Challenges
    clock: Clock


@dataclass(slots=True)
class ChallengeTally:
    """How many challenges one run forgot."""

    forgotten: int


def forget_challenges(keeper: ChallengeKeeper) -> ChallengeTally:
    """Delete a batch of what expired an hour ago; the next minute deletes more. Raises Unavailable.

    A link finds its challenge or is refused: one that is gone is refused as a used or expired one is, so
    deleting can never make a challenge good again, and nonces are never given out twice.
    """
    before_ms = keeper.clock.now_ms() - KEPT_MS
    return ChallengeTally(keeper.challenges.forget_expired(before_ms=before_ms))
