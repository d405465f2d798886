"""A player buys a broker from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.broker_actions import decide_purchase
from shared.domain.ledger import Decision, client_key

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext, Outcome


def buy_broker(
    account: str, catalogue_id: str, *, key: str, fingerprint: str, committer: Committer
) -> Outcome:
    """Pay AIBA for a catalogue broker; raises what Committer.commit raises."""

    def decide(context: DecisionContext) -> Decision:
        return decide_purchase(
            context.player,
            catalogue_id,
            key=context.key,
            economy=context.config.economy,
            now_ms=context.now_ms,
        )

    stored_key = client_key(account, key)
    return committer.commit(account=account, key=stored_key, fingerprint=fingerprint, decide=decide)
