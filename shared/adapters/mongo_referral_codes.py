"""Referral codes on MongoDB: the insert of the code is what makes it one account's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.domain.errors import Unavailable
from shared.ports.referrals import ReferralCode

if TYPE_CHECKING:
    from pymongo.database import Database

REFERRAL_CODES: Final = "codes"


class MongoReferralCodes:
    """ports.referrals.ReferralCodes over the collection `codes`, {_id: <code>, acct, at}."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._codes = database[REFERRAL_CODES]

    def take(self, code: str, account: str, *, now_ms: int) -> str:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._codes.insert_one({"_id": code, "acct": account, "at": now_ms})
        except DuplicateKeyError:
            owner = self.owner(code)
            if owner is None:  # released in between: nothing was decided
                raise Unavailable("The code was released just now", code="code_busy") from None
            return owner
        return account

    def owner(self, code: str) -> str | None:
        with reading():
            document = self._codes.find_one({"_id": code})
        return None if document is None else str(document["acct"])

    def release(self, code: str, account: str) -> None:
        with writing():
            self._codes.delete_one({"_id": code, "acct": account})

    def taken_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[ReferralCode]:
        with reading():
            found = self._codes.find({"at": {"$gte": from_ms, "$lt": until_ms}})
            return [
                ReferralCode(document["_id"], document["acct"], int(document["at"]))
                for document in found.sort("at", 1).limit(limit)
            ]
