"""Leaderboards in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.domain.boards import BoardEntry, BoardSummary


class FakeBoardStore:
    """ports.boards.BoardStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, BoardEntry] = {}
        self.summaries: dict[str, BoardSummary] = {}

    def entries(self, ids: Sequence[str]) -> list[BoardEntry]:
        return [self.kept[entry_id] for entry_id in ids if entry_id in self.kept]

    def insert(self, entry: BoardEntry) -> bool:
        return self.kept.setdefault(entry.id, entry) is entry

    def replace(self, entry: BoardEntry, *, expected_seq: int) -> bool:
        if entry.id not in self.kept or self.kept[entry.id].seq != expected_seq:
            return False
        self.kept[entry.id] = entry
        return True

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        return [entry for entry in self._ranked(board) if entry.rank_key > rank_key][:limit]

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        return [entry for entry in reversed(self._ranked(board)) if entry.rank_key < rank_key][:limit]

    def remove(self, ids: Sequence[str]) -> None:
        for entry_id in ids:
            self.kept.pop(entry_id, None)

    def rank_keys(self, board: str) -> Iterable[str]:
        return [entry.rank_key for entry in self._ranked(board)]

    def summary(self, board: str) -> BoardSummary | None:
        return self.summaries.get(board)

    def store_summary(self, summary: BoardSummary) -> None:
        self.summaries[summary.board] = summary

    def _ranked(self, board: str) -> list[BoardEntry]:
        ranked = [entry for entry in self.kept.values() if entry.board == board and entry.score]
        return sorted(ranked, key=lambda entry: entry.rank_key)
