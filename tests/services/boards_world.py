"""Players who fight, boards that are folded from their rows, and what the boards must then say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.domain.boards import BOARDS, PERIODS, Score, Standing, board_name, units_for
from shared.domain.ledger import row_from_document
from shared.services.fold_accounts import BoardFolding, BoardTally
from shared.services.fold_boards import fold_boards
from shared.services.read_leaderboard import Leaderboards, read_leaderboard
from tests.fakes.boards import FakeBoardStore
from tests.fakes.watermarks import FakeWatermarks
from tests.services.game_world import GameWorld


class Boards:
    def __init__(self) -> None:
        self.world = GameWorld()
        self.store = FakeBoardStore()
        self.watermarks = FakeWatermarks()
        self.reports: list[tuple[str, Mapping[str, Any]]] = []
        self.folding = BoardFolding(
            self.world.committer, self.store, self.watermarks, self.world.clock, self.report
        )
        self.reading = Leaderboards(self.store, self.watermarks, self.world.clock)
        self._keys = 0

    def fight(self, account: str, times: int = 1) -> None:
        for _ in range(times):
            self._keys += 1
            self.world.battle(account, f"key-{self._keys}")
            self.world.clock.advance(seconds=601)

    def report(self, name: str, facts: Mapping[str, Any]) -> None:
        self.reports.append((name, facts))

    def reported(self, name: str) -> list[Mapping[str, Any]]:
        return [facts for given, facts in self.reports if given == name]

    def fold(self) -> BoardTally:
        return fold_boards(self.folding)

    def folding_into(self, store: FakeBoardStore) -> BoardFolding:
        """The same fold of the same boards, through a store that behaves in its own way."""
        store.kept, store.summaries = self.store.kept, self.store.summaries
        return replace(self.folding, boards=store)

    def forget(self) -> None:
        """Boards of nothing, as before the first fold."""
        self.store.kept.clear()
        self.store.summaries.clear()
        self.watermarks.instants.clear()

    def expected(self) -> dict[tuple[str, str], int]:
        """(board, account) -> the fold of all rows, computed the slow way, where it is more than nothing."""
        now_ms = self.world.clock.now_ms()
        scores: dict[tuple[str, str], int] = {}
        for document in self.world.store.rows.values():
            row = row_from_document(document)
            for board in BOARDS:
                for period in PERIODS:
                    name = board_name(board, period, now_ms=row.ts_ms)
                    if name == board_name(board, period, now_ms=now_ms) and units_for(board, row):
                        place = name, row.account
                        scores[place] = scores.get(place, 0) + units_for(board, row)
        return scores

    def actual(self) -> dict[tuple[str, str], int]:
        now_ms = self.world.clock.now_ms()
        names = [board_name(board, period, now_ms=now_ms) for board in BOARDS for period in PERIODS]
        entries = [standing.entry(name) for standing in self.store.kept.values() for name in names]
        return {(entry.board, entry.account): entry.score for entry in entries if entry is not None}

    def page(self, **options: Any) -> dict[str, Any]:
        given = {"account": "nobody", "limit": 50, "cursor": None, **options}
        return read_leaderboard("score", "all", leaderboards=self.reading, **given)

    def place(self, account: str, score: int, *, hidden_until_ms: int = 0) -> None:
        """A standing on the board `score:all` alone."""
        scores = {"score_all": Score("score:all", score, 1)}
        self.store.insert([Standing(account, 1, hidden_until_ms, scores)])
