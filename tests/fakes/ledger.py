"""Rows, players and budgets in memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Collection, Iterable, Sequence

from shared.domain.budgets import BudgetPlan
from shared.domain.ledger import Hold, Row, row_document, row_from_document
from shared.domain.player import Player, project
from shared.domain.row_heads import RowHead
from shared.ports.ledger import BudgetShard


class FakeLedgerStore:
    """ports.ledger.LedgerStore in memory; rows are kept as documents, as a database would."""

    def __init__(self) -> None:
        self.rows: dict[str, dict] = {}
        self.keys: dict[str, str] = {}
        self.players: dict[str, Player] = {}
        self.shards: dict[str, BudgetShard] = {}
        self.plans: dict[str, BudgetPlan] = {}
        self.lowered: dict[tuple[str, str], int] = {}
        self._lock = threading.RLock()

    def read_player(self, player_id: str) -> Player | None:
        return self.players.get(player_id)

    def create_player(self, player_id: str, *, now_ms: int) -> None:
        with self._lock:
            self.players.setdefault(player_id, Player(id=player_id, ts_ms=now_ms))

    def row_by_key(self, key: str) -> Row | None:
        row_id = self.keys.get(key)
        return None if row_id is None else row_from_document(self.rows[row_id])

    def row_at(self, account: str, seq: int) -> Row | None:
        rows = self.rows_at(account, [seq])
        return rows[0] if rows else None

    def rows_at(self, account: str, seqs: Sequence[int]) -> list[Row]:
        found = [self.rows[f"{account}:{seq}"] for seq in sorted(seqs) if f"{account}:{seq}" in self.rows]
        return [row_from_document(document) for document in found]

    def rows_with_ids(self, ids: Sequence[str]) -> list[Row]:
        return [row_from_document(self.rows[row_id]) for row_id in ids if row_id in self.rows]

    def players_with_ids(self, ids: Sequence[str]) -> list[Player]:
        return [self.players[player_id] for player_id in ids if player_id in self.players]

    def seqs_of(self, ids: Sequence[str]) -> dict[str, int]:
        return {player.id: player.seq for player in self.players_with_ids(ids)}

    def insert_row(self, row: Row) -> bool:
        with self._lock:
            if row.id in self.rows or row.key in self.keys:
                return False
            self.rows[row.id] = copy.deepcopy(row_document(row))
            self.keys[row.key] = row.id
            return True

    def project_row(self, row: Row) -> None:
        with self._lock:
            player = self.players.get(row.account)
            if player is not None and player.seq == row.seq - 1:
                self.players[row.account] = project(player, row)

    def take_hold(self, hold: Hold) -> bool:
        with self._lock:
            shard = self.shards.get(hold.budget_id)
            if shard is None or shard.available < hold.amount:
                return False
            self.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.available - hold.amount)
            return True

    def give_back(self, hold: Hold) -> None:
        with self._lock:
            shard = self.shards[hold.budget_id]
            self.shards[shard.id] = BudgetShard(shard.id, shard.cap, shard.available + hold.amount)

    def budget_shards(self, group: str) -> list[BudgetShard]:
        return [shard for shard in self.shards.values() if shard.id.rsplit(":", 1)[0] == group]

    def budgets_begun(self, groups: Collection[str]) -> dict[str, list[BudgetShard]]:
        return {group: self.budget_shards(group) for group in groups if group in self.plans}

    def ensure_budget(self, group: str, plan: BudgetPlan) -> list[BudgetShard]:
        with self._lock:
            plan = self.plans.setdefault(group, plan)
            for index, cap in enumerate(plan.shard_caps()):
                self.add_shard(group, str(index), cap=cap)
            return self.budget_shards(group)

    def add_shard(self, group: str, name: str, *, cap: int) -> None:
        with self._lock:
            self.shards.setdefault(f"{group}:{name}", BudgetShard(f"{group}:{name}", cap, cap))

    def lower_shard(self, shard_id: str, *, amount: int, name: str) -> int:
        with self._lock:
            shard = self.shards.get(shard_id)
            known = self.lowered.get((shard_id, name))
            if known is not None or shard is None or shard.available < amount:
                return known or 0
            self.shards[shard_id] = BudgetShard(shard_id, shard.cap - amount, shard.available - amount)
            self.lowered[(shard_id, name)] = amount
            return amount

    def open_rows(self, *, limit: int) -> list[Row]:
        return [row_from_document(document) for document in self.rows.values() if document.get("open")][
            :limit
        ]

    def close_row(self, row: Row) -> None:
        self.rows[row.id].pop("open", None)

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterable[Row]:
        for document in list(self.rows.values()):
            if from_ms <= document["ts"] < until_ms:
                yield row_from_document(document)

    def heads_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[RowHead]:
        heads = [
            RowHead(row["acct"], row["seq"], row["kind"], row["ts"])
            for row in list(self.rows.values())
            if from_ms <= row["ts"] < until_ms
        ]
        return sorted(heads, key=lambda head: head.ts_ms)[:limit]
