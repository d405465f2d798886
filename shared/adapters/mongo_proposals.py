"""Adjustments that wait for a second administrator, and players found by something else than their id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading, writing
from shared.adapters.mongo_referral_codes import REFERRAL_CODES
from shared.domain.adjustments import Adjustment, Proposal
from shared.domain.ledger import plain

if TYPE_CHECKING:
    from pymongo.database import Database

NETWORKS: Final = (-239, -3)


class MongoProposals:
    """ports.admin.ProposalStore over the collection `adjustments`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._proposals = database["adjustments"]

    def insert(self, proposal: Proposal) -> None:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._proposals.insert_one(_document(proposal))
        except DuplicateKeyError:
            return

    def read(self, proposal_id: str) -> Proposal | None:
        with reading():
            document = self._proposals.find_one({"_id": proposal_id})
        return None if document is None else _proposal(document)

    def replace(self, proposal: Proposal, *, expected_revision: int) -> bool:
        with writing():
            result = self._proposals.replace_one(
                {"_id": proposal.id, "revision": expected_revision}, _document(proposal)
            )
        return result.matched_count == 1

    def pending(self, *, since_ms: int, limit: int) -> list[Proposal]:
        wanted = {"state": "pending", "proposed_ms": {"$gte": since_ms}}
        with reading():
            return [_proposal(document) for document in self._proposals.find(wanted).limit(limit)]


class MongoPlayerSearch:
    """ports.admin.PlayerSearch over `players`, `wallets` and `codes`; every query by one field with an index."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._players = database["players"]
        self._wallets = database["wallets"]
        self._codes = database[REFERRAL_CODES]

    def with_alias(self, alias: str, *, limit: int) -> list[str]:
        with reading():
            return sorted(str(found["_id"]) for found in self._players.find({"alias": alias}).limit(limit))

    def with_wallet(self, address: str) -> list[str]:
        names = [f"{network}:{address}" for network in NETWORKS]
        with reading():
            return sorted({str(found["acct"]) for found in self._wallets.find({"_id": {"$in": names}})})

    def with_referral_code(self, code: str) -> list[str]:
        with reading():
            found = self._codes.find_one({"_id": code})
        return [] if found is None else [str(found["acct"])]


def _document(proposal: Proposal) -> dict[str, Any]:
    document = asdict(proposal)
    document["_id"] = document.pop("id")
    return document


def _proposal(document: Mapping[str, Any]) -> Proposal:
    fields: dict[str, Any] = plain(document)
    proposal_id, adjustment = fields.pop("_id"), fields.pop("adjustment")
    return Proposal(id=proposal_id, adjustment=Adjustment(**adjustment), **fields)
