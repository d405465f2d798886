"""A player battles: chance is looked up, the decision is pure, and one row commits all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.battle import BattleWish, decide_battle
from shared.domain.calendar import utc_day
from shared.domain.errors import Unavailable
from shared.domain.ledger import Decision, client_key

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext, Outcome
    from shared.services.fairness_secrets import FairnessSecrets


def play_battle(
    account: str, wish: BattleWish, *, fingerprint: str, committer: Committer, fairness: FairnessSecrets
) -> Outcome:
    """Decide the battle once per key and commit it as one ledger row.

    Raises what Committer.commit raises; Unavailable `battles_paused` while an administrator has
    stopped battles, and `fairness_unavailable` when the secret is not the one committed to.
    """

    def decide(context: DecisionContext) -> Decision:
        if context.config.paused.battles:
            raise Unavailable("Battles are paused", code="battles_paused")
        return decide_battle(
            context.player,
            wish,
            config=context.config,
            # Looked up by the decision's own day: a battle that waits past midnight is the next day's.
            day_seed=fairness.seed_of(utc_day(context.now_ms)),
            emission_block=context.emission_block,
            now_ms=context.now_ms,
        )

    key = client_key(account, wish.key)
    return committer.commit(account=account, key=key, fingerprint=fingerprint, decide=decide, scope="battle")
