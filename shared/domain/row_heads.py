"""What a scheduled look at many rows needs of each, so that not all of every row is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.ledger import row_id

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class RowHead:
    """Whose row, which of them, what kind, and when."""

    account: str
    seq: int
    kind: str
    ts_ms: int

    @property
    def id(self) -> str:
        return row_id(self.account, self.seq)


def newest_of(heads: Iterable[RowHead]) -> dict[str, RowHead]:
    """Account -> its row with the highest seq."""
    newest: dict[str, RowHead] = {}
    for head in heads:
        if head.account not in newest or newest[head.account].seq < head.seq:
            newest[head.account] = head
    return newest
