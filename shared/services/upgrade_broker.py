"""A player upgrades a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.broker_actions import decide_upgrade
from shared.domain.ledger import Decision, client_key

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext, Outcome


def upgrade_broker(
    account: str, broker_id: str, stat: str, *, key: str, fingerprint: str, committer: Committer
) -> Outcome:
    """Two points of a stat and a level for burned AIBA; raises what Committer.commit raises, and Refused `invalid_stat`."""

    def decide(context: DecisionContext) -> Decision:
        return decide_upgrade(
            context.player, broker_id, stat, economy=context.config.economy, now_ms=context.now_ms
        )

    stored_key = client_key(account, key)
    return committer.commit(account=account, key=stored_key, fingerprint=fingerprint, decide=decide)
