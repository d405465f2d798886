"""Administrators, their ended sessions and their wrong logins on MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing
from shared.domain.admins import Admin
from shared.domain.login_attempts import LoginAttempts

if TYPE_CHECKING:
    from pymongo.database import Database

PURGED_AT_ONCE = 500


class MongoAdmins:
    """ports.admin.AdminStore over `admins`; the unique index on `email` keeps one address to one account."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._admins = database["admins"]

    def read(self, admin_id: str) -> Admin | None:
        with reading():
            document = self._admins.find_one({"_id": admin_id})
        return None if document is None else _admin(document)

    def by_email(self, email: str) -> Admin | None:
        with reading():
            document = self._admins.find_one({"email": email})
        return None if document is None else _admin(document)

    def everybody(self) -> list[Admin]:
        with reading():
            return sorted(map(_admin, self._admins.find({})), key=lambda admin: admin.created_ms)

    def insert(self, admin: Admin) -> bool:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._admins.insert_one(_admin_document(admin))
        except DuplicateKeyError:
            return False
        return True

    def replace(self, admin: Admin, *, expected_revision: int) -> bool:
        with writing():
            result = self._admins.replace_one(
                {"_id": admin.id, "rev": expected_revision}, _admin_document(admin)
            )
        return result.matched_count == 1


class MongoRevokedTokens:
    """ports.admin.RevokedTokens over `admin_revocations`: one small document per ended token."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._revoked = database["admin_revocations"]

    def revoke(self, token_id: str, *, expires_at_s: int) -> None:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._revoked.insert_one({"_id": token_id, "exp": expires_at_s})
        except DuplicateKeyError:
            return

    def is_revoked(self, token_id: str) -> bool:
        with reading():
            return self._revoked.find_one({"_id": token_id}) is not None

    def forget_expired(self, *, now_s: int) -> int:
        with reading():
            expired = list(self._revoked.find({"exp": {"$lt": now_s}}).limit(PURGED_AT_ONCE))
        for document in expired:
            with writing():
                self._revoked.delete_one({"_id": document["_id"]})
        return len(expired)


class MongoLoginAttempts:
    """ports.admin.AttemptStore over `admin_attempts`, compared and set by revision."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._attempts = database["admin_attempts"]

    def read(self, unknown: LoginAttempts) -> LoginAttempts:
        with reading():
            document = self._attempts.find_one({"_id": unknown.name})
        if document is None:
            return unknown
        return LoginAttempts(
            unknown.name,
            unknown.limit,
            since_ms=int(document["since"]),
            count=int(document["count"]),
            locked_until_ms=int(document["until"]),
            revision=int(document["rev"]),
        )

    def replace(self, attempts: LoginAttempts, *, expected_revision: int) -> bool:
        from pymongo.errors import DuplicateKeyError

        document = {
            "_id": attempts.name,
            "since": attempts.since_ms,
            "count": attempts.count,
            "until": attempts.locked_until_ms,
            "rev": attempts.revision,
        }
        if expected_revision == 0:
            try:
                with writing():
                    self._attempts.insert_one(document)
            except DuplicateKeyError:
                return False
            return True
        with writing():
            result = self._attempts.replace_one({"_id": attempts.name, "rev": expected_revision}, document)
        return result.matched_count == 1

    def forget_before(self, since_ms: int) -> int:
        with reading():
            old = list(self._attempts.find({"since": {"$lt": since_ms}}).limit(PURGED_AT_ONCE))
        for document in old:
            with writing():
                self._attempts.delete_one({"_id": document["_id"], "rev": int(document["rev"])})
        return len(old)


def _admin_document(admin: Admin) -> dict[str, Any]:
    return {
        "_id": admin.id,
        "email": admin.email,
        "role": admin.role,
        "hash": admin.password_hash,
        "generation": admin.generation,
        "active": int(admin.is_active),
        "created": admin.created_ms,
        "rev": admin.revision,
        "changedBy": list(admin.changed_by),
    }


def _admin(document: Mapping[str, Any]) -> Admin:
    return Admin(
        id=document["_id"],
        email=document["email"],
        role=document["role"],
        password_hash=document["hash"],
        generation=int(document["generation"]),
        is_active=bool(document["active"]),
        created_ms=int(document["created"]),
        revision=int(document["rev"]),
        changed_by=tuple(document["changedBy"]),
    )
