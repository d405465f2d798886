"""Referral codes that no account stands behind: what a crashed registration left is freed after five minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.services.due_pages import LATEST_MS, DueItems

if TYPE_CHECKING:
    from shared.ports.clock import Clock
    from shared.ports.referrals import ReferralCode, ReferralCodes
    from shared.ports.watermarks import Watermarks
    from shared.services.commit import Committer

WATERMARK: Final = "codes"
DISAGREES_FOR_MS: Final = 5 * 60 * MS_PER_SECOND
"""Far longer than a decision lives: a registration that took the code has its row by then, or never will."""
RUN_FOR_MS: Final = 20 * MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class CodeKeeper:
    """What looking after referral codes needs."""

    committer: Committer
    codes: ReferralCodes
    watermarks: Watermarks
    clock: Clock


@dataclass(slots=True)
class CodeTally:
    """How many codes one run looked at and freed."""

    looked_at: int = 0
    released: int = 0


def release_unused_codes(keeper: CodeKeeper, *, run_for_ms: int = RUN_FOR_MS) -> CodeTally:
    """Look once at each code five minutes after it was taken; free it unless its account's row names it.

    What there is no time for is left for the next run.
    """
    tally = CodeTally()
    until_ms = keeper.clock.now_ms() - DISAGREES_FOR_MS
    due = DueItems(
        WATERMARK,
        keeper.codes.taken_between,
        lambda found: found.taken_ms,
        keeper.watermarks,
        keeper.clock,
    )
    for page in due.pages(
        first_ms=0, until_ms=until_ms, final_ms=until_ms - LATEST_MS, run_for_ms=run_for_ms
    ):
        for found in page.items:
            tally.looked_at += 1
            if not _is_used(keeper, found):
                keeper.codes.release(found.code, found.account)
                tally.released += 1
    return tally


def _is_used(keeper: CodeKeeper, found: ReferralCode) -> bool:
    player = keeper.committer.view_player(found.account)
    return player.state.get("referralCode") == found.code
