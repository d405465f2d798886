"""Linked wallets' global names and ton_proof challenges on MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.domain.errors import Unavailable
from shared.ports.wallets import WalletName

if TYPE_CHECKING:
    from pymongo.database import Database

FORGOTTEN_AT_ONCE: Final = 500


class MongoWalletNames:
    """ports.wallets.WalletNames over the collection `wallets`: the `_id` is the name, its uniqueness the rule."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._wallets = database["wallets"]

    def take(self, name: str, account: str, *, ticket: str, now_ms: int) -> str:
        from pymongo.errors import DuplicateKeyError

        taken = {"acct": account, "ticket": ticket, "at": now_ms}
        try:
            with writing():
                self._wallets.insert_one({"_id": name, **taken})
        except DuplicateKeyError:
            with writing():
                renewed = self._wallets.update_one({"_id": name, "acct": account}, {"$set": taken})
            if renewed.matched_count:
                return account
            owner = self.owner(name)
            if owner is None:  # released in between: nothing was decided
                raise Unavailable("The name was released just now", code="name_busy") from None
            return owner
        return account

    def release(self, name: str, account: str, *, ticket: str, now_ms: int) -> None:
        with writing():
            deleted = self._wallets.delete_one({"_id": name, "acct": account, "ticket": ticket})
            if not deleted.deleted_count:
                self._wallets.update_one({"_id": name, "acct": account}, {"$set": {"at": now_ms}})

    def owner(self, name: str) -> str | None:
        with reading():
            document = self._wallets.find_one({"_id": name})
        return None if document is None else str(document["acct"])

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[WalletName]:
        with reading():
            found = self._wallets.find({"at": {"$gte": from_ms, "$lt": until_ms}})
            return [
                WalletName(document["_id"], document["acct"], document["ticket"], int(document["at"]))
                for document in found.sort("at", 1).limit(limit)
            ]


class MongoChallenges:
    """ports.wallets.Challenges over the collection `challenges`; consuming is one conditional update."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._challenges = database["challenges"]

    def create(self, nonce: str, *, account: str, expires_ms: int) -> None:
        with writing():
            self._challenges.insert_one({"_id": nonce, "acct": account, "exp": expires_ms, "used": 0})

    def consume(self, nonce: str, *, account: str, now_ms: int) -> bool:
        with writing():
            result = self._challenges.update_one(
                {"_id": nonce, "acct": account, "used": 0, "exp": {"$gte": now_ms}}, {"$set": {"used": 1}}
            )
        return result.modified_count == 1

    def forget_expired(self, *, before_ms: int) -> int:
        with reading():
            expired = list(self._challenges.find({"exp": {"$lt": before_ms}}).limit(FORGOTTEN_AT_ONCE))
        for document in expired:
            with writing():
                self._challenges.delete_one({"_id": document["_id"]})
        return len(expired)
