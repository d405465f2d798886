"""Several folds at once, while battles go on: every row is on the boards once, on the fake and on MongoDB alike."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.mongo_boards import MongoBoardStore
from shared.adapters.mongo_indexes import ensure_indexes
from shared.adapters.mongo_watermarks import MongoWatermarks
from shared.domain.boards import Standing
from shared.services.fold_boards import fold_boards
from tests.services.boards_world import Boards

FOLDERS = 3
BATTLES = 300


class Dawdling:
    """A board store before whose writing others find the time to read and write."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._pauses_s = itertools.cycle((0.0, 0.012, 0.004, 0.001))

    def replace(self, standing: Standing, *, expected_seq: int) -> Any:
        time.sleep(next(self._pauses_s))
        return self._store.replace(standing, expected_seq=expected_seq)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("kind", ["fake", "mongo"])
def test_folds_at_once_count_every_row_once(kind: str, request: pytest.FixtureRequest) -> None:
    boards = Boards()
    store: Any = boards.store
    if kind == "mongo":
        database = request.getfixturevalue("mongo_database")
        ensure_indexes(database)
        store = MongoBoardStore(database)
        boards.folding = replace(boards.folding, watermarks=MongoWatermarks(database))
    boards.folding = replace(boards.folding, boards=Dawdling(store))
    players = [boards.world.player_with_starter(number) for number in range(1, 6)]
    is_over = threading.Event()
    seqs: dict[str, int] = {}
    fallen: set[str] = set()

    def fold_on() -> int:
        runs = 0
        while not is_over.is_set():
            fold_boards(boards.folding, run_for_ms=10**9)
            runs += 1
        return runs

    with ThreadPoolExecutor(FOLDERS) as pool:
        folders = [pool.submit(fold_on) for _ in range(FOLDERS)]
        for number in range(BATTLES):
            boards.fight(players[number % len(players)])
            time.sleep(0.002)
            now = {standing.account: standing.seq for standing in store.standings(players)}
            fallen |= {account for account, seq in seqs.items() if now[account] < seq}
            seqs = now
        is_over.set()
        assert all(folder.result() for folder in folders)
    fold_boards(boards.folding, run_for_ms=10**9)
    boards.store.kept = {standing.account: standing for standing in store.standings(players)}
    assert boards.actual() == boards.expected()
    assert fallen == set(), "a standing only moves forward"
