"""Fakes of what the administrators' services need; they pass the contract of the MongoDB adapters."""

from __future__ import annotations

from shared.domain.admins import Admin
from shared.domain.login_attempts import LoginAttempts


class FakeAdmins:
    """admin_ports.AdminStore in memory."""

    def __init__(self) -> None:
        self.known: dict[str, Admin] = {}

    def read(self, admin_id: str) -> Admin | None:
        return self.known.get(admin_id)

    def by_email(self, email: str) -> Admin | None:
        return next((admin for admin in self.known.values() if admin.email == email), None)

    def everybody(self) -> list[Admin]:
        return sorted(self.known.values(), key=lambda admin: admin.created_ms)

    def insert(self, admin: Admin) -> bool:
        if admin.id in self.known or self.by_email(admin.email) is not None:
            return False
        self.known[admin.id] = admin
        return True

    def replace(self, admin: Admin, *, expected_revision: int) -> bool:
        known = self.known.get(admin.id)
        if known is None or known.revision != expected_revision:
            return False
        self.known[admin.id] = admin
        return True


class FakeRevokedTokens:
    """admin_ports.RevokedTokens in memory."""

    def __init__(self) -> None:
        self.tokens: dict[str, int] = {}

    def revoke(self, token_id: str, *, expires_at_s: int) -> None:
        self.tokens.setdefault(token_id, expires_at_s)

    def is_revoked(self, token_id: str) -> bool:
        return token_id in self.tokens

    def forget_expired(self, *, now_s: int) -> int:
        expired = [token_id for token_id, expires_at_s in self.tokens.items() if expires_at_s < now_s]
        for token_id in expired:
            del self.tokens[token_id]
        return len(expired)


class FakeLoginAttempts:
    """admin_ports.AttemptStore in memory."""

    def __init__(self) -> None:
        self.known: dict[str, LoginAttempts] = {}

    def read(self, unknown: LoginAttempts) -> LoginAttempts:
        return self.known.get(unknown.name, unknown)

    def replace(self, attempts: LoginAttempts, *, expected_revision: int) -> bool:
        known = self.known.get(attempts.name)
        if (0 if known is None else known.revision) != expected_revision:
            return False
        self.known[attempts.name] = attempts
        return True
