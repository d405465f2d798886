"""Names that only one account may own, on MongoDB: the insert of the name is what makes it unique."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.domain.errors import Unavailable

if TYPE_CHECKING:
    from pymongo.database import Database

REFERRAL_CODES: Final = "codes"


class MongoNames:
    """ports.ReferralCodes and its likes over one collection, {_id: <name>, acct}."""

    def __init__(self, database: Database[dict[str, Any]], *, collection: str) -> None:
        self._names = database[collection]

    def take(self, name: str, account: str) -> str:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._names.insert_one({"_id": name, "acct": account})
        except DuplicateKeyError:
            owner = self.owner(name)
            if owner is None:  # released in between: nothing was decided
                raise Unavailable("The name was released just now", code="name_busy") from None
            return owner
        return account

    def owner(self, name: str) -> str | None:
        with reading():
            document = self._names.find_one({"_id": name})
        return None if document is None else str(document["acct"])
