"""A player combines two brokers into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.broker_actions import decide_combination
from shared.domain.ledger import Decision, client_key

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext, Outcome


def combine_brokers(
    account: str, base_id: str, sacrifice_id: str, *, key: str, fingerprint: str, committer: Committer
) -> Outcome:
    """The sacrifice is gone for good; raises what Committer.commit raises, and Refused `same_broker`."""

    def decide(context: DecisionContext) -> Decision:
        return decide_combination(
            context.player, base_id, sacrifice_id, economy=context.config.economy, now_ms=context.now_ms
        )

    stored_key = client_key(account, key)
    return committer.commit(account=account, key=stored_key, fingerprint=fingerprint, decide=decide)
