"""Where leaderboards are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.boards import BoardEntry, BoardSummary


class BoardStore(Protocol):
    """Leaderboards: derived from rows, never decided on; an entry only moves forward in seq."""

    def entries(self, ids: Sequence[str]) -> list[BoardEntry]:
        """Those of these entries that exist, in no promised order."""
        ...

    def insert(self, entry: BoardEntry) -> bool:
        """True when inserted, False when there is an entry of this account already."""
        ...

    def replace(self, entry: BoardEntry, *, expected_seq: int) -> bool:
        """Store the entry if its seq is still the expected one."""
        ...

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        """Entries of the board after this key, best first; an empty key is before all of them."""
        ...

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        """Entries of the board before this key, nearest first."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Delete these entries; of a period that is over, nobody asks for them any more."""
        ...

    def rank_keys(self, board: str) -> Iterable[str]:
        """Every entry's key, best first, streamed."""
        ...

    def summary(self, board: str) -> BoardSummary | None: ...

    def store_summary(self, summary: BoardSummary) -> None: ...
