"""Linked wallets' global names and ton_proof challenges on MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing

if TYPE_CHECKING:
    from pymongo.database import Database


class MongoWalletNames:
    """ports.WalletNames over the collection `wallets`: the `_id` is the name, its uniqueness the rule."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._wallets = database["wallets"]

    def take(self, name: str, account: str) -> str:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._wallets.insert_one({"_id": name, "acct": account})
        except DuplicateKeyError:
            return self.owner(name) or self.take(name, account)
        return account

    def release(self, name: str, account: str) -> None:
        with writing():
            self._wallets.delete_one({"_id": name, "acct": account})

    def owner(self, name: str) -> str | None:
        with reading():
            document = self._wallets.find_one({"_id": name})
        return None if document is None else str(document["acct"])


class MongoChallenges:
    """ports.Challenges over the collection `challenges`; consuming is one conditional update."""

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
