"""A player repairs a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.broker_actions import decide_repair
from shared.domain.ledger import Decision, client_key

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext, Outcome


def repair_broker(
    account: str, broker_id: str, *, key: str, fingerprint: str, committer: Committer
) -> Outcome:
    """Full energy and no cooldowns for NEUR; raises what Committer.commit raises."""

    def decide(context: DecisionContext) -> Decision:
        return decide_repair(context.player, broker_id, economy=context.config.economy, now_ms=context.now_ms)

    stored_key = client_key(account, key)
    return committer.commit(account=account, key=stored_key, fingerprint=fingerprint, decide=decide)
