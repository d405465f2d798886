"""The auditor's view of the fake store, and its marks in memory; the Mongo adapters pass the same tests."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from shared.ports.audit import AuditMark, AuditProgress
from shared.ports.ledger import BudgetShard
from tests.fakes.ledger import FakeLedgerStore


class FakeLedgerScan:
    """ports.audit.LedgerScan over a FakeLedgerStore."""

    def __init__(self, store: FakeLedgerStore) -> None:
        self.store = store

    def players(self) -> Iterator[Mapping[str, Any]]:
        for player in list(self.store.players.values()):
            money = {"bal": dict(player.balances), "esc": dict(player.escrow)}
            document = {"_id": player.id, "seq": player.seq, "ts": player.ts_ms, "h": player.head}
            yield copy.deepcopy({**document, **money, **player.state})

    def players_with_ids(self, ids: Collection[str]) -> list[Mapping[str, Any]]:
        return [player for player in self.players() if player["_id"] in ids]

    def rows_with_ids(self, ids: Collection[str]) -> list[Mapping[str, Any]]:
        return [copy.deepcopy(self.store.rows[name]) for name in ids if name in self.store.rows]

    def rows_with_keys(self, keys: Collection[str]) -> list[Mapping[str, Any]]:
        return [copy.deepcopy(row) for row in self.store.rows.values() if row["k"] in keys]

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterator[Mapping[str, Any]]:
        for row in list(self.store.rows.values()):
            if from_ms <= row["ts"] < until_ms:
                yield copy.deepcopy(row)

    def row_places(self) -> Iterator[tuple[str, str, int]]:
        for name, row in list(self.store.rows.items()):
            yield name, row["acct"], row["seq"]

    def shards(self) -> Iterator[BudgetShard]:
        yield from list(self.store.shards.values())

    def shards_of(self, groups: Collection[str]) -> Iterator[BudgetShard]:
        yield from (shard for shard in self.shards() if shard.id.rsplit(":", 1)[0] in groups)


class FakeAuditMarks:
    """ports.audit.AuditMarks in memory."""

    def __init__(self) -> None:
        self.marks: dict[str, AuditMark] = {}
        self.stored = AuditProgress()

    def read(self, accounts: Collection[str]) -> Mapping[str, AuditMark]:
        return copy.deepcopy({name: self.marks[name] for name in accounts if name in self.marks})

    def write(self, mark: AuditMark) -> None:
        self.marks[mark.account] = copy.deepcopy(mark)

    def progress(self) -> AuditProgress:
        return self.stored

    def write_progress(self, progress: AuditProgress) -> None:
        self.stored = copy.deepcopy(progress)
