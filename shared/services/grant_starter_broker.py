"""A player receives the free first broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.broker_actions import decide_starter
from shared.domain.ledger import Decision, client_key

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext, Outcome


def grant_starter_broker(account: str, *, key: str, fingerprint: str, committer: Committer) -> Outcome:
    """One starter per player ever; raises what Committer.commit raises."""

    def decide(context: DecisionContext) -> Decision:
        return decide_starter(context.player, economy=context.config.economy, now_ms=context.now_ms)

    stored_key = client_key(account, key)
    return committer.commit(account=account, key=stored_key, fingerprint=fingerprint, decide=decide)
