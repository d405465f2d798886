"""The ledger's documents streamed from MongoDB for an auditor: pages by `_id`, by key, by time; no writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from shared.adapters.mongo import reading
from shared.domain.ledger import plain
from shared.ports.ledger import BudgetShard

if TYPE_CHECKING:
    from pymongo.database import Database


# Between two batches every row of every player in the first is judged: a server forgets a cursor that
# nobody asks for ten minutes.
PLAYERS_A_BATCH: Final = 200
PLACES_A_BATCH: Final = 10_000


class MongoLedgerScan:
    """ports.audit.LedgerScan over the collections `ledger`, `players` and `budget`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._ledger = database["ledger"]
        self._players = database["players"]
        self._budget = database["budget"]

    def players(self) -> Iterator[Mapping[str, Any]]:
        with reading():
            for document in self._players.find(batch_size=PLAYERS_A_BATCH):
                yield plain(document)

    def players_with_ids(self, ids: Collection[str]) -> list[Mapping[str, Any]]:
        with reading():
            return [plain(document) for document in self._players.find({"_id": {"$in": list(ids)}})]

    def rows_with_ids(self, ids: Collection[str]) -> list[Mapping[str, Any]]:
        return self._rows({"_id": {"$in": list(ids)}})

    def rows_with_keys(self, keys: Collection[str]) -> list[Mapping[str, Any]]:
        return self._rows({"k": {"$in": list(keys)}})

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterable[Mapping[str, Any]]:
        with reading():
            for document in self._ledger.find({"ts": {"$gte": from_ms, "$lt": until_ms}}):
                yield _row(document)

    def rows_of_kinds(
        self, kinds: Collection[str], *, from_ms: int, until_ms: int
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of these kinds with from_ms <= ts < until_ms; beyond the port, for operators' commands."""
        chosen = {"ts": {"$gte": from_ms, "$lt": until_ms}, "kind": {"$in": list(kinds)}}
        with reading():
            for document in self._ledger.find(chosen):
                yield _row(document)

    def row_places(self) -> Iterator[tuple[str, str, int]]:
        with reading():
            for document in self._ledger.find({}, {"acct": 1, "seq": 1}, batch_size=PLACES_A_BATCH):
                yield str(document["_id"]), str(document.get("acct", "")), int(document.get("seq", 0))

    def shards(self) -> Iterator[BudgetShard]:
        return self._shards({})

    def shards_of(self, groups: Collection[str]) -> Iterator[BudgetShard]:
        return self._shards({"grp": {"$in": sorted(groups)}})

    def _shards(self, query: dict[str, Any]) -> Iterator[BudgetShard]:
        with reading():
            for document in self._budget.find(query):
                if "avail" in document:
                    yield BudgetShard(document["_id"], int(document["cap"]), int(document["avail"]))

    def _rows(self, query: dict[str, Any]) -> list[Mapping[str, Any]]:
        with reading():
            return [_row(document) for document in self._ledger.find(query)]


def _row(document: Mapping[str, Any]) -> Mapping[str, Any]:
    row: dict[str, Any] = plain(document)
    row["ok"] = bool(row.get("ok"))  # a server may keep a flag as 0 or 1, and the hash was made of true
    return row
