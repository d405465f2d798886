"""The ledger's single-document operations on MongoDB, within the operations every server implements alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.adapters.mongo import reading, writing
from shared.domain.budgets import BudgetPlan
from shared.domain.ledger import (
    GENESIS,
    Hold,
    Row,
    plain,
    projection_of,
    row_document,
    row_from_document,
    row_id,
)
from shared.domain.player import Player
from shared.domain.row_heads import RowHead
from shared.ports.ledger import BudgetShard

if TYPE_CHECKING:
    from pymongo.database import Database

_MONEY_FIELDS = ("_id", "seq", "ts", "h", "bal", "esc")


class MongoLedgerStore:
    """ports.ledger.LedgerStore over the collections `ledger`, `players` and `budget`.

    Administrators' audit is a ledger of its own: the same protocol over other collections.
    """

    def __init__(
        self, database: Database[dict[str, Any]], *, rows: str = "ledger", accounts: str = "players"
    ) -> None:
        self._ledger = database[rows]
        self._players = database[accounts]
        self._budget = database["budget"]

    def read_player(self, player_id: str) -> Player | None:
        with reading():
            document = self._players.find_one({"_id": player_id})
        return None if document is None else player_from_document(document)

    def create_player(self, player_id: str, *, now_ms: int) -> None:
        from pymongo.errors import DuplicateKeyError

        document = {"_id": player_id, "seq": 0, "ts": now_ms, "h": GENESIS, "bal": {}, "esc": {}}
        try:
            with writing():
                self._players.insert_one(document)
        except DuplicateKeyError:
            return

    def row_by_key(self, key: str) -> Row | None:
        with reading():
            document = self._ledger.find_one({"k": key})
        return None if document is None else row_from_document(document)

    def row_at(self, account: str, seq: int) -> Row | None:
        rows = self.rows_at(account, [seq])
        return rows[0] if rows else None

    def rows_at(self, account: str, seqs: Sequence[int]) -> list[Row]:
        # Sorted here: a sort by _id in the server would scan on the embedded store.
        return sorted(self.rows_with_ids([row_id(account, seq) for seq in seqs]), key=lambda row: row.seq)

    def rows_with_ids(self, ids: Sequence[str]) -> list[Row]:
        with reading():
            return [row_from_document(found) for found in self._ledger.find({"_id": {"$in": list(ids)}})]

    def players_with_ids(self, ids: Sequence[str]) -> list[Player]:
        with reading():
            return [player_from_document(found) for found in self._players.find({"_id": {"$in": list(ids)}})]

    def seqs_of(self, ids: Sequence[str]) -> dict[str, int]:
        with reading():
            found = self._players.find({"_id": {"$in": list(ids)}}, {"seq": 1})
            return {document["_id"]: int(document["seq"]) for document in found}

    def insert_row(self, row: Row) -> bool:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._ledger.insert_one(row_document(row))
        except DuplicateKeyError:
            return False
        return True

    def project_row(self, row: Row) -> None:
        effect = projection_of(row)
        update: dict[str, Any] = {
            "$set": {**effect.changes, "seq": row.seq, "ts": row.ts_ms, "h": row.hash},
        }
        increments = _prefixed("bal", effect.balance_deltas) | _prefixed("esc", effect.escrow_deltas)
        if increments:
            update["$inc"] = increments
        if effect.removals:
            update["$unset"] = dict.fromkeys(effect.removals, 1)
        with writing():
            self._players.update_one({"_id": row.account, "seq": row.seq - 1}, update)

    def take_hold(self, hold: Hold) -> bool:
        with writing():
            result = self._budget.update_one(
                {"_id": hold.budget_id, "avail": {"$gte": hold.amount}}, {"$inc": {"avail": -hold.amount}}
            )
        return result.modified_count == 1

    def give_back(self, hold: Hold) -> None:
        with writing():
            self._budget.update_one({"_id": hold.budget_id}, {"$inc": {"avail": hold.amount}})

    def budget_shards(self, group: str) -> list[BudgetShard]:
        with reading():
            return [_shard(document) for document in self._budget.find({"grp": group}) if "avail" in document]

    def budgets_begun(self, groups: Collection[str]) -> dict[str, list[BudgetShard]]:
        found: dict[str, list[BudgetShard]] = {}
        with reading():
            for document in self._budget.find({"grp": {"$in": list(groups)}}):
                shards = found.setdefault(document["grp"], [])  # a plan alone is a beginning
                shards += [_shard(document)] if "avail" in document else []
        return found

    def ensure_budget(self, group: str, plan: BudgetPlan) -> list[BudgetShard]:
        from pymongo.errors import DuplicateKeyError

        plan_id = f"{group}:plan"
        try:
            with writing():
                self._budget.insert_one(
                    {"_id": plan_id, "grp": group, "planCap": plan.cap, "shards": plan.shards}
                )
        except DuplicateKeyError:
            with reading():
                fixed = self._budget.find_one({"_id": plan_id})
            if fixed is not None:
                plan = BudgetPlan(int(fixed["planCap"]), int(fixed["shards"]))
        existing = {shard.id for shard in self.budget_shards(group)}
        for index, cap in enumerate(plan.shard_caps()):
            if f"{group}:{index}" not in existing:
                self.add_shard(group, str(index), cap=cap)
        return self.budget_shards(group)

    def add_shard(self, group: str, name: str, *, cap: int) -> None:
        from pymongo.errors import DuplicateKeyError

        try:
            with writing():
                self._budget.insert_one({"_id": f"{group}:{name}", "grp": group, "cap": cap, "avail": cap})
        except DuplicateKeyError:
            return

    def lower_shard(self, shard_id: str, *, amount: int, name: str) -> int:
        mark = f"lowered.{name}"
        guard = {"_id": shard_id, "avail": {"$gte": amount}, mark: {"$exists": False}}
        with writing():
            result = self._budget.update_one(
                guard, {"$inc": {"avail": -amount, "cap": -amount}, "$set": {mark: amount}}
            )
        if result.modified_count == 1:
            return amount
        with reading():
            document = self._budget.find_one({"_id": shard_id})
        return 0 if document is None else int(document.get("lowered", {}).get(name, 0))

    def open_rows(self, *, limit: int) -> list[Row]:
        with reading():
            return [row_from_document(document) for document in self._ledger.find({"open": 1}).limit(limit)]

    def close_row(self, row: Row) -> None:
        with writing():
            self._ledger.update_one({"_id": row.id}, {"$unset": {"open": 1}})

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterable[Row]:
        with reading():
            for document in self._ledger.find({"ts": {"$gte": from_ms, "$lt": until_ms}}):
                yield row_from_document(document)

    def heads_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[RowHead]:
        wanted = {"ts": {"$gte": from_ms, "$lt": until_ms}}
        with reading():
            found = self._ledger.find(wanted, {"acct": 1, "seq": 1, "kind": 1, "ts": 1})
            return [
                RowHead(document["acct"], int(document["seq"]), document["kind"], int(document["ts"]))
                for document in found.sort("ts", 1).limit(limit)
            ]


def player_from_document(document: Mapping[str, Any]) -> Player:
    """A player from its stored document; everything that is not money or sequence is `state`."""
    return Player(
        id=document["_id"],
        seq=int(document["seq"]),
        ts_ms=int(document["ts"]),
        head=document["h"],
        balances={name: int(amount) for name, amount in document["bal"].items()},
        escrow={name: int(amount) for name, amount in document["esc"].items()},
        state={name: plain(value) for name, value in document.items() if name not in _MONEY_FIELDS},
    )


def _shard(document: Mapping[str, Any]) -> BudgetShard:
    return BudgetShard(document["_id"], int(document["cap"]), int(document["avail"]))


def _prefixed(field: str, deltas: Mapping[str, int]) -> dict[str, int]:
    return {f"{field}.{name}": delta for name, delta in deltas.items() if delta}
