"""A player takes the daily login's reward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.daily_login import decide_daily_login
from shared.domain.errors import Unavailable
from shared.domain.ledger import Decision, client_key

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext, Outcome


def claim_daily_login(account: str, *, key: str, fingerprint: str, committer: Committer) -> Outcome:
    """Once per UTC day; raises what Committer.commit raises.

    Raises Unavailable `emission_paused` while nothing may be emitted: refused for good, the key's
    day would be lost to the player.
    """

    def decide(context: DecisionContext) -> Decision:
        if context.emission_block is not None:
            raise Unavailable("Emission is paused", code=context.emission_block)
        return decide_daily_login(context.player, economy=context.config.economy, now_ms=context.now_ms)

    stored_key = client_key(account, key)
    return committer.commit(account=account, key=stored_key, fingerprint=fingerprint, decide=decide)
