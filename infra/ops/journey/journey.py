"""The demo's journey: each step does something as the miniapp would and checks what must then be true."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from infra.ops.journey.claim_steps import ClaimSteps
from infra.ops.journey.play_steps import PlaySteps
from infra.ops.journey.player import JourneyPlayer, JourneySite
from infra.ops.story import Story


class Journey:
    """One new player on a running stack."""

    def __init__(self, stack: JourneySite, story: Story, *, telegram_id: int) -> None:
        self.player = JourneyPlayer(stack, telegram_id=telegram_id)
        self.play = PlaySteps(self.player, story)
        self.claims = ClaimSteps(self.player, story)

    def steps(self) -> Sequence[Callable[[], None]]:
        """Everything, in order."""
        return (
            self.play.sign_in,
            self.play.take_starter,
            self.play.battle,
            self.play.read_balances,
            self.claims.link_wallet,
            self.claims.wait_for_cooldown,
            self.claims.request_claim,
            self.claims.refuse_second_claim,
            self.claims.send_claim,
            self.claims.settle_confirms,
            self.claims.leave_a_claim_unsent,
            self.claims.settle_refunds,
            self.claims.close_the_books,
        )

    def close(self) -> None:
        """Let go of connections."""
        self.player.close()
