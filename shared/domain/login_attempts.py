"""How often a login may be guessed wrong before it rests; counted before the guess is judged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.calendar import MS_PER_HOUR, MS_PER_SECOND
from shared.domain.errors import Refused

WINDOW_MS: Final = MS_PER_HOUR
LOCKED_FOR_MS: Final = 900 * MS_PER_SECOND
PER_ACCOUNT: Final = 10
PER_ADDRESS: Final = 20


@dataclass(frozen=True, slots=True)
class LoginAttempts:
    """Attempts on one account or from one address since `since_ms`; a success forgets them.

    `revision` guards the document: of two attempts at once, both are counted.
    """

    name: str
    limit: int
    since_ms: int = 0
    count: int = 0
    locked_until_ms: int = 0
    revision: int = 0

    def attempted(self, *, now_ms: int) -> LoginAttempts:
        """One more attempt, counted as wrong until proven right.

        Raises Refused `login_locked` with retryAfterMs while it rests. The limit's last attempt is
        still judged, and locks whatever comes after it.
        """
        if now_ms < self.locked_until_ms:
            raise Refused(
                "Too many wrong logins: try again later",
                code="login_locked",
                extra={"retryAfterMs": self.locked_until_ms - now_ms},
            )
        is_fresh = self.locked_until_ms > 0 or now_ms - self.since_ms >= WINDOW_MS
        begun = replace(self, since_ms=now_ms, count=0, locked_until_ms=0) if is_fresh else self
        count = begun.count + 1
        locked_until_ms = now_ms + LOCKED_FOR_MS if count >= self.limit else 0
        return replace(begun, count=count, locked_until_ms=locked_until_ms, revision=self.revision + 1)

    def forgotten(self) -> LoginAttempts:
        """After a right password."""
        return LoginAttempts(self.name, self.limit, revision=self.revision + 1)


def account_attempts(email: str) -> LoginAttempts:
    """Nobody's attempts yet; the address itself is not kept, it may have been somebody's typing error."""
    digest = hashlib.sha256(f"login:{email}".encode()).hexdigest()[:32]
    return LoginAttempts(f"account:{digest}", PER_ACCOUNT)


def address_attempts(address: str) -> LoginAttempts:
    """No attempts yet from this client address."""
    digest = hashlib.sha256(f"login:{address}".encode()).hexdigest()[:32]
    return LoginAttempts(f"address:{digest}", PER_ADDRESS)
