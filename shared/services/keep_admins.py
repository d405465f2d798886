"""Each minute's work behind the administrators: outcomes nobody wrote, sessions and wrong logins long past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_DAY, MS_PER_SECOND
from shared.services.admin_audit import AuditTrail, complete_admin_intents

if TYPE_CHECKING:
    from shared.ports.admin import AttemptStore, RevokedTokens
    from shared.ports.clock import Clock

ATTEMPTS_KEPT_MS: Final = MS_PER_DAY


@dataclass(frozen=True, slots=True)
class AdminKeeper:
    """What keeping needs."""

    trail: AuditTrail
    revoked: RevokedTokens
    attempts: AttemptStore
    clock: Clock


@dataclass(frozen=True, slots=True)
class KeeperTally:
    """What one run did."""

    intents_completed: int
    tokens_forgotten: int
    attempts_forgotten: int


def keep_admins(keeper: AdminKeeper) -> KeeperTally:
    """Complete the audit and forget what no longer matters. Raises Unavailable; the next run goes on."""
    now_ms = keeper.clock.now_ms()
    return KeeperTally(
        intents_completed=complete_admin_intents(keeper.trail),
        tokens_forgotten=keeper.revoked.forget_expired(now_s=now_ms // MS_PER_SECOND),
        attempts_forgotten=keeper.attempts.forget_before(now_ms - ATTEMPTS_KEPT_MS),
    )
