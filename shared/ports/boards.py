"""Where leaderboards are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.boards import BoardEntry, BoardSummary, Standing


class BoardStore(Protocol):
    """Leaderboards: derived from rows, never decided on; a standing only moves forward in seq."""

    def standings(self, accounts: Sequence[str]) -> list[Standing]:
        """Those of these accounts' standings that exist, in no promised order."""
        ...

    def insert(self, standings: Sequence[Standing]) -> bool:
        """Insert each that its account has none of yet; True when that were all of them."""
        ...

    def replace(self, standing: Standing, *, expected_seq: int) -> bool:
        """Store the standing if its account's seq is still the expected one."""
        ...

    def below(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        """Entries of the board after this key, best first; an empty key is before all of them."""
        ...

    def above(self, board: str, rank_key: str, *, limit: int) -> list[BoardEntry]:
        """Entries of the board before this key, nearest first."""
        ...

    def rank_keys(self, board: str) -> Iterable[str]:
        """Every entry's key, best first, streamed."""
        ...

    def summary(self, board: str) -> BoardSummary | None: ...

    def store_summary(self, summary: BoardSummary) -> None:
        """Store it in the place of the one of the day or week before."""
        ...
