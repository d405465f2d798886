"""Leaderboards on MongoDB: entries ordered by one string, because the embedded store uses one index field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing
from shared.domain.boards import (
    SHELVES,
    BoardEntry,
    BoardSummary,
    Standing,
    score_of_key,
    shelf_of,
)
from shared.domain.errors import OutcomeUnknown

if TYPE_CHECKING:
    from pymongo.database import Database
    from pymongo.errors import BulkWriteError

_DUPLICATE = 11000
_PAST_ALL = "~"
"""Sorts after every digit, so after every key of a board."""


class MongoBoardStore:
    """ports.boards.BoardStore over `board` {_id: account, seq, hid, <shelf>: rank key …} and `board_summary`.

    Each shelf (`score_today` …) has a sparse index of its own; what is not scored is absent.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._board = database["board"]
        self._summaries = database["board_summary"]

    def standings(self, accounts: Sequence[str]) -> list[Standing]:
        with reading():
            return [_standing(found) for found in self._board.find({"_id": {"$in": list(accounts)}})]

    def insert(self, standings: Sequence[Standing]) -> bool:
        from pymongo.errors import BulkWriteError

        documents = [{"_id": standing.account, **_fields(standing)} for standing in standings]
        with writing():
            try:
                self._board.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                _require_duplicates(error)
                return False
        return True

    def replace(self, standing: Standing, *, expected_seq: int) -> bool:
        with writing():
            result = self._board.update_one(
                {"_id": standing.account, "seq": expected_seq}, {"$set": _fields(standing)}
            )
        return result.matched_count == 1

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        shelf = shelf_of(board)
        with reading():
            found = self._board.find({shelf: {"$gt": rank_key or f"{board}|", "$lt": f"{board}|{_PAST_ALL}"}})
            return [_entry(document, shelf) for document in found.sort(shelf, 1).limit(limit)]

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        shelf = shelf_of(board)
        with reading():
            found = self._board.find({shelf: {"$gt": f"{board}|", "$lt": rank_key}})
            return [_entry(document, shelf) for document in found.sort(shelf, -1).limit(limit)]

    def rank_keys(self, board: str) -> Iterable[str]:
        shelf = shelf_of(board)
        with reading():
            found = self._board.find({shelf: {"$gt": f"{board}|", "$lt": f"{board}|{_PAST_ALL}"}}, {shelf: 1})
            for document in found.sort(shelf, 1):
                yield document[shelf]

    def summary(self, board: str) -> BoardSummary | None:
        with reading():
            document = self._summaries.find_one({"_id": shelf_of(board)})
        if document is None or document["board"] != board:
            return None
        return BoardSummary(board, int(document["at"]), int(document["total"]), tuple(document["marks"]))

    def store_summary(self, summary: BoardSummary) -> None:
        from pymongo.errors import DuplicateKeyError

        shelf = shelf_of(summary.board)
        fields = {
            "board": summary.board,
            "at": summary.as_of_ms,
            "total": summary.total,
            "marks": list(summary.marks),
        }
        with writing():
            result = self._summaries.update_one({"_id": shelf}, {"$set": fields})
        if result.matched_count:
            return
        try:
            with writing():
                self._summaries.insert_one({"_id": shelf, **fields})
        except DuplicateKeyError:
            return


def _fields(standing: Standing) -> dict[str, Any]:
    """What is stored besides the id; a shelf never becomes empty again, so nothing is ever unset."""
    keys = {shelf: score.rank_key(standing.account) for shelf, score in standing.scores.items()}
    return {"seq": standing.seq, "hid": standing.hidden_until_ms, **keys}


def _standing(document: Mapping[str, Any]) -> Standing:
    return Standing(
        account=document["_id"],
        seq=int(document["seq"]),
        hidden_until_ms=int(document["hid"]),
        scores={shelf: score_of_key(document[shelf]) for shelf in SHELVES if shelf in document},
    )


def _entry(document: Mapping[str, Any], shelf: str) -> BoardEntry:
    score = score_of_key(document[shelf])
    return BoardEntry(score.board, document["_id"], score.units, score.reached_ms, int(document["hid"]))


def _require_duplicates(error: BulkWriteError) -> None:
    """Raise OutcomeUnknown unless every document that was not inserted was there already."""
    details = error.details or {}
    refusals = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    if any(refusal.get("code") != _DUPLICATE for refusal in refusals):
        raise OutcomeUnknown("The database did not acknowledge", code="database_unavailable") from error
