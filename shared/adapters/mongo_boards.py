"""Leaderboards on MongoDB: entries ordered by one string, because the embedded store uses one index field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing
from shared.domain.boards import BoardEntry, BoardSummary

if TYPE_CHECKING:
    from pymongo.database import Database

_PAST_ALL = "~"
"""Sorts after every digit, so after every key of a board."""


class MongoBoardStore:
    """ports.boards.BoardStore over `board` {_id, score, seq, at, hid, rank} and `board_summary`.

    `rank` is absent while the score is nothing; the index on it is sparse.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._board = database["board"]
        self._summaries = database["board_summary"]

    def entries(self, ids: Sequence[str]) -> list[BoardEntry]:
        with reading():
            return [_entry(document) for document in self._board.find({"_id": {"$in": list(ids)}})]

    def insert(self, entry: BoardEntry) -> bool:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._board.insert_one({"_id": entry.id, **_fields(entry)})
        except DuplicateKeyError:
            return False
        return True

    def replace(self, entry: BoardEntry, *, expected_seq: int) -> bool:
        with writing():
            result = self._board.update_one({"_id": entry.id, "seq": expected_seq}, {"$set": _fields(entry)})
        return result.matched_count == 1

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        after = rank_key or f"{board}|"
        with reading():
            found = self._board.find({"rank": {"$gt": after, "$lt": f"{board}|{_PAST_ALL}"}})
            return [_entry(document) for document in found.sort("rank", 1).limit(limit)]

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        with reading():
            found = self._board.find({"rank": {"$gt": f"{board}|", "$lt": rank_key}})
            return [_entry(document) for document in found.sort("rank", -1).limit(limit)]

    def remove(self, ids: Sequence[str]) -> None:
        for entry_id in ids:
            with writing():
                self._board.delete_one({"_id": entry_id})

    def rank_keys(self, board: str) -> Iterable[str]:
        with reading():
            found = self._board.find(
                {"rank": {"$gt": f"{board}|", "$lt": f"{board}|{_PAST_ALL}"}}, {"rank": 1}
            )
            for document in found.sort("rank", 1):
                yield document["rank"]

    def summary(self, board: str) -> BoardSummary | None:
        with reading():
            document = self._summaries.find_one({"_id": board})
        if document is None:
            return None
        return BoardSummary(board, int(document["at"]), int(document["total"]), tuple(document["marks"]))

    def store_summary(self, summary: BoardSummary) -> None:
        from pymongo.errors import DuplicateKeyError

        fields = {"at": summary.as_of_ms, "total": summary.total, "marks": list(summary.marks)}
        with writing():
            result = self._summaries.update_one({"_id": summary.board}, {"$set": fields})
        if result.matched_count:
            return
        try:
            with writing():
                self._summaries.insert_one({"_id": summary.board, **fields})
        except DuplicateKeyError:
            return


def _fields(entry: BoardEntry) -> dict[str, Any]:
    """What is stored besides the id; a score never falls back to nothing, so `rank` is never unset."""
    fields: dict[str, Any] = {
        "score": entry.score,
        "seq": entry.seq,
        "at": entry.reached_ms,
        "hid": entry.hidden_until_ms,
    }
    if entry.score:
        fields["rank"] = entry.rank_key
    return fields


def _entry(document: Mapping[str, Any]) -> BoardEntry:
    board, _, account = document["_id"].rpartition(":")
    return BoardEntry(
        board=board,
        account=account,
        score=int(document["score"]),
        seq=int(document["seq"]),
        reached_ms=int(document["at"]),
        hidden_until_ms=int(document["hid"]),
    )
