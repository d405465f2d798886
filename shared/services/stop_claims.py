"""Stopping claims when the ledger does not hold: one account by a row, everybody by the configuration."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from shared.domain.errors import ArenaError
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, Decision, system_key

if TYPE_CHECKING:
    from shared.domain.audit import Violation
    from shared.services.commit import Committer, DecisionContext

STOP_KIND: Final = "claims_stopped"
STOPPED_BY: Final = "ledger_audit"
ACCOUNTS_ALONE_MAX: Final = 3
"""More accounts at once than this are not an account's trouble: everybody's claims stop."""


def stop_claims_of(violation: Violation, *, committer: Committer) -> bool:
    """Ban the account from withdrawing, once per violated place; False when no row could say so.

    The ban is what request_claim and the signer's policy look at. An administrator may lift it, and the
    same violation does not set it again.
    """

    def decide(context: DecisionContext) -> Decision:
        ban = {"until": 0, "reason": STOPPED_BY, "by": STOPPED_BY, "since": context.now_ms}
        return Accepted(STOP_KIND, {"violation": violation.describe()}, changes={"bans.withdraw": ban})

    try:
        committer.commit(
            account=violation.account,
            key=system_key(violation.account, f"audit:{violation.invariant}:{violation.where}"),
            fingerprint=SYSTEM_FINGERPRINT,
            decide=decide,
            scope=None,
        )
    except ArenaError:
        return False  # such an account's books may be too broken for a row; the caller stops everybody
    return True


def concerns_everybody(suspects: Collection[str]) -> bool:
    """Whether what stands is more than the trouble of a few accounts: a budget, or above three."""
    return len(suspects) > ACCOUNTS_ALONE_MAX or any(is_budget(suspect) for suspect in suspects)


def is_budget(suspect: str) -> bool:
    """Whether a suspect is a budget's shard; an account's name has no colon."""
    return ":" in suspect
