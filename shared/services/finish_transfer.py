"""The second half of a two-account transfer: whoever finds a row open pays it out and closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, Row
from shared.domain.referrals import REFERRAL_KIND, referral_changes
from shared.domain.transfers import receiving_account, second_half, second_keys

if TYPE_CHECKING:
    from shared.services.commit import Committer, DecisionContext


def finish_transfer(row: Row, *, committer: Committer) -> None:
    """Pay what waits in transit, once whoever else tries, then unset `open`.

    Bans do not matter: the first half has committed. Raises Unavailable when the store did not answer;
    the row then stays open for the next to find.
    """
    for key in second_keys(row):
        account = receiving_account(key)

        def decide(context: DecisionContext, second_key: str = key) -> Accepted:
            changes = referral_changes(context.player) if row.kind == REFERRAL_KIND else {}
            return second_half(row, second_key, receiver=context.player, changes=changes)

        committer.commit(account=account, key=key, fingerprint=SYSTEM_FINGERPRINT, decide=decide, scope=None)
    committer.store.close_row(row)
