"""Leaderboards in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.domain.boards import BoardEntry, BoardSummary, Standing, shelf_of


class FakeBoardStore:
    """ports.boards.BoardStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Standing] = {}
        self.summaries: dict[str, BoardSummary] = {}

    def standings(self, accounts: Sequence[str]) -> list[Standing]:
        return [self.kept[account] for account in accounts if account in self.kept]

    def insert(self, standings: Sequence[Standing]) -> bool:
        inserted = [self.kept.setdefault(new.account, new) is new for new in standings]
        return all(inserted)

    def replace(self, standing: Standing, *, expected_seq: int) -> bool:
        known = self.kept.get(standing.account)
        if known is None or known.seq != expected_seq:
            return False
        self.kept[standing.account] = standing
        return True

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        return [entry for entry in self._ranked(board) if entry.rank_key > rank_key][:limit]

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        return [entry for entry in reversed(self._ranked(board)) if entry.rank_key < rank_key][:limit]

    def rank_keys(self, board: str) -> Iterable[str]:
        return [entry.rank_key for entry in self._ranked(board)]

    def summary(self, board: str) -> BoardSummary | None:
        known = self.summaries.get(shelf_of(board))
        return known if known is not None and known.board == board else None

    def store_summary(self, summary: BoardSummary) -> None:
        self.summaries[shelf_of(summary.board)] = summary

    def _ranked(self, board: str) -> list[BoardEntry]:
        entries = [standing.entry(board) for standing in self.kept.values()]
        return sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.rank_key)
