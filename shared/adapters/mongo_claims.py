"""Claims and approvals on MongoDB: one document each, changed by compare-and-set on its revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.domain.claims import Claim, ClaimState, claim_from, terms_document
from shared.domain.errors import InvariantBroken, ensure
from shared.domain.signing_policy import Approval
from shared.ports.claims import OpenPage

if TYPE_CHECKING:
    from pymongo.database import Database

READ_AT_ONCE: Final = 1_000
"""Each answer has the time limit of an operation to itself."""
OLDEST_LOOKED_AT: Final = 100
"""More than the documents that are no claims, which may stand before the oldest."""
_CREATED: Final = "terms.created_ms"


class MongoClaimStore:
    """ports.claims.ClaimStore over the collection `claims`; `open` is a sparse mark for settle."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._claims = database["claims"]

    def insert(self, claim: Claim) -> None:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._claims.insert_one(_document(claim))
        except DuplicateKeyError:
            return

    def read(self, claim_id: str) -> Claim | None:
        with reading():
            document = self._claims.find_one({"_id": claim_id})
        return None if document is None else _claim(document)

    def replace(self, claim: Claim, *, expected_revision: int) -> bool:
        with writing():
            result = self._claims.replace_one(
                {"_id": claim.terms.id, "rev": expected_revision}, _document(claim)
            )
        return result.matched_count == 1

    def of_account(self, account: str) -> list[Claim]:
        with reading():
            return [_claim(document) for document in self._claims.find({"acct": account})]

    def open_claims(self, *, limit: int) -> list[Claim]:
        with reading():
            found = self._claims.find({"open": 1}).limit(limit).batch_size(READ_AT_ONCE)
            return _page(found).claims

    def open_page(self, *, limit: int, until_ms: int | None) -> OpenPage:
        wanted = {"open": 1} if until_ms is None else {"open": 1, _CREATED: {"$lte": until_ms}}
        with reading():
            return _page(self._claims.find(wanted).sort(_CREATED, -1).limit(limit))

    def oldest_open_ms(self) -> int | None:
        with reading():
            found = self._claims.find({"open": 1, _CREATED: {"$gt": 0}})
            oldest = _page(found.sort(_CREATED, 1).limit(OLDEST_LOOKED_AT)).claims
        return oldest[0].terms.created_ms if oldest else None

    def in_state(self, state: ClaimState, *, limit: int) -> list[Claim]:
        """ports.admin.ClaimQueue: the queue of claims that wait for a person."""
        with reading():
            return _page(self._claims.find({"state": state}).limit(limit)).claims


class MongoApprovalStore:
    """ports.claims.ApprovalStore over the collection `approvals`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._approvals = database["approvals"]

    def read(self, claim_id: str) -> Approval | None:
        with reading():
            document = self._approvals.find_one({"_id": claim_id})
        if document is None:
            return None
        return Approval(document["binding"], document["by"], int(document["ms"]))

    def write(self, claim_id: str, approval: Approval) -> None:
        from pymongo.errors import DuplicateKeyError

        document = {
            "_id": claim_id,
            "binding": approval.binding,
            "by": approval.approved_by,
            "ms": approval.approved_ms,
        }
        try:
            with writing():
                self._approvals.insert_one(document)
        except DuplicateKeyError:
            with writing():
                self._approvals.replace_one({"_id": claim_id}, document)


def _document(claim: Claim) -> dict[str, Any]:
    document = asdict(claim)
    del document["terms"], document["revision"]
    document |= {
        "_id": claim.terms.id,
        "acct": claim.terms.account,
        "rev": claim.revision,
        "terms": terms_document(claim.terms),
    }
    if claim.is_open:
        document["open"] = 1
    return document


def _page(documents: Iterable[Mapping[str, Any]]) -> OpenPage:
    page = OpenPage([], [])
    for document in documents:
        try:
            page.claims.append(_claim(document))
        except InvariantBroken:
            page.unreadable.append(str(document["_id"]))
    return page


def _claim(document: Mapping[str, Any]) -> Claim:
    """Raises InvariantBroken for a document that this adapter never wrote."""
    claim = claim_from({**document, "revision": document.get("rev")})
    ensure(claim.terms.id == document["_id"], "a claim is kept under its own id")
    return claim
