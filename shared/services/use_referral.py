"""A player uses another's referral code; both are paid, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.domain.errors import Unavailable
from shared.domain.ledger import Decision, client_key
from shared.domain.referrals import CODE, decide_referral, referral_answer
from shared.services.commit import EMISSION_PAUSED, Committer, DecisionContext, Outcome
from shared.services.finish_transfer import finish_transfer

if TYPE_CHECKING:
    from shared.domain.player import Player
    from shared.ports.referrals import ReferralCodes


def use_referral(
    account: str, code: str, *, key: str, fingerprint: str, committer: Committer, codes: ReferralCodes
) -> Outcome:
    """The referee's row is the commit, the referrer's follows; a retry finishes what a crash left open.

    Raises what Committer.commit raises, and Unavailable `emission_paused` while nothing may be emitted.
    """
    referrer = _owner(code, committer=committer, codes=codes)

    def decide(context: DecisionContext) -> Decision:
        if context.emission_block == EMISSION_PAUSED:
            raise Unavailable("Emission is paused", code=EMISSION_PAUSED)
        return decide_referral(
            context.player,
            code,
            referrer,
            config=context.config,
            emission_block=context.emission_block,
            now_ms=context.now_ms,
        )

    outcome = committer.commit(
        account=account, key=client_key(account, key), fingerprint=fingerprint, decide=decide
    )
    if outcome.row.is_open:
        finish_transfer(outcome.row, committer=committer)
    return outcome


def read_referral(account: str, *, committer: Committer) -> dict[str, Any]:
    """The player's own code and what became of it."""
    player = committer.read_player(account)
    return referral_answer(player, economy=committer.configs.current().economy)


def _owner(code: str, *, committer: Committer, codes: ReferralCodes) -> Player | None:
    """The code's owner as of now; anything that is not a code belongs to nobody."""
    owner = codes.owner(code) if CODE.match(code) else None
    return None if owner is None else committer.read_player(owner)
