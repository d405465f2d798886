"""Administrators come in: by password, within few attempts, and out again at once when they may not stay."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.domain.admin_session import AdminToken, new_admin_token
from shared.domain.admins import OWNER_ID, Action, Admin, check_permission
from shared.domain.calendar import MS_PER_SECOND
from shared.domain.errors import Refused, Unavailable
from shared.domain.login_attempts import LoginAttempts, account_attempts, address_attempts

if TYPE_CHECKING:
    from shared.ports.admin import AdminStore, AdminTokens, AttemptStore, Passwords, RevokedTokens
    from shared.ports.clock import Clock

COUNT_TRIES = 5


class RecordLogin(Protocol):
    """AuditTrail.record_login."""

    def __call__(self, admin_id: str, *, token_id: str, request_id: str, address: str) -> None: ...


@dataclass(frozen=True, slots=True)
class AdminGateDesk:
    """What coming in needs. `owner` is the environment's administrator; `new_token_id` never repeats.

    `record_login` writes into the audit; a session it cannot write down does not begin.
    """

    owner: Admin
    admins: AdminStore
    revoked: RevokedTokens
    attempts: AttemptStore
    passwords: Passwords
    tokens: AdminTokens
    clock: Clock
    new_token_id: Callable[[], str]
    record_login: RecordLogin

    def read_token(self, text: str, *, now_s: int) -> AdminToken:
        """What a token says; asks nobody."""
        return self.tokens.read(text, now_s=now_s)

    def admit(self, token: AdminToken, action: Action) -> Admin:
        """The token's administrator as they are now, who may do this.

        Raises Refused `session_ended` after a log-out, another password or the end of the account, and
        `forbidden` when their role may not.
        """
        admin = self.by_id(token.admin_id)
        is_current = admin is not None and admin.is_active and hmac.compare_digest(admin.epoch(), token.epoch)
        if admin is None or not is_current or self.revoked.is_revoked(token.token_id):
            raise Refused("This session was ended: log in again", code="session_ended")
        check_permission(admin.role, action)
        return admin

    def by_id(self, admin_id: str) -> Admin | None:
        """An administrator, the owner included."""
        return self.owner if admin_id == OWNER_ID else self.admins.read(admin_id)

    def by_email(self, email: str) -> Admin | None:
        """The owner's address belongs to the owner, whatever the documents say."""
        return self.owner if email == self.owner.email else self.admins.by_email(email)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A fresh token in its written form, what it says, and whose it is."""

    text: str
    token: AdminToken
    admin: Admin


def log_in(desk: AdminGateDesk, *, email: str, password: str, address: str, request_id: str) -> LoggedIn:
    """Judge a password; `email` in its normal form, `address` the client's.

    The attempt is counted before it is judged, so that guesses at once are still counted one by one.
    Raises Refused `login_refused`, the same for an unknown account, a wrong password and an account
    that was closed, and as late; `login_locked` with retryAfterMs after too many.
    """
    counted = [_count(desk, account_attempts(email)), _count(desk, address_attempts(address))]
    admin = desk.by_email(email)
    if admin is None:
        desk.passwords.work_for_nothing(password)
        raise _refused()
    is_right = desk.passwords.is_right(password, password_hash=admin.password_hash)
    if not is_right or not admin.is_active:
        raise _refused()
    for attempts in counted:
        # Lost to an attempt at the same moment: that one stays counted, which is the safe side.
        desk.attempts.replace(attempts.forgotten(), expected_revision=attempts.revision)
    now_s = desk.clock.now_ms() // MS_PER_SECOND
    token = new_admin_token(admin, token_id=desk.new_token_id(), now_s=now_s)
    desk.record_login(admin.id, token_id=token.token_id, request_id=request_id, address=address)
    return LoggedIn(desk.tokens.issue(token), token, admin)


def prove_password(desk: AdminGateDesk, admin: Admin, password: str) -> None:
    """Whether who holds the session knows its password too, within as few guesses as at the log-in.

    Raises Refused `password_wrong` or `login_locked`.
    """
    counted = _count(desk, account_attempts(admin.email))
    if not desk.passwords.is_right(password, password_hash=admin.password_hash):
        raise Refused("The present password is wrong", code="password_wrong")
    desk.attempts.replace(counted.forgotten(), expected_revision=counted.revision)


def log_out(desk: AdminGateDesk, token: AdminToken) -> None:
    """End this session everywhere, before its token expires."""
    desk.revoked.revoke(token.token_id, expires_at_s=token.expires_at_s)


def _count(desk: AdminGateDesk, unknown: LoginAttempts) -> LoginAttempts:
    for _ in range(COUNT_TRIES):
        known = desk.attempts.read(unknown)
        attempted = known.attempted(now_ms=desk.clock.now_ms())
        if desk.attempts.replace(attempted, expected_revision=known.revision):
            return attempted
    raise Unavailable("Too many logins at once", code="login_busy")


def _refused() -> Refused:
    return Refused("Address or password is wrong", code="login_refused")
