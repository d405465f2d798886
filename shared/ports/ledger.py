"""Where rows, players and budgets are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.domain.budgets import BudgetPlan
    from shared.domain.ledger import Hold, Row
    from shared.domain.player import Player
    from shared.domain.row_heads import RowHead


@dataclass(frozen=True, slots=True)
class BudgetShard:
    """One shard of an emission budget: `<name>:<period>:<shard>`, `available` of `cap` units left."""

    id: str
    cap: int
    available: int


class LedgerStore(Protocol):
    """Single-document operations on ledger, players and budgets; the protocol over them is a service.

    Every method raises Unavailable when the store did not answer. Writes whose acknowledgement was
    lost raise OutcomeUnknown. No method retries: repeating is a decision of the protocol.
    """

    def read_player(self, player_id: str) -> Player | None: ...

    def create_player(self, player_id: str, *, now_ms: int) -> None:
        """Insert at seq 0; a duplicate means the player exists already and is fine."""
        ...

    def row_by_key(self, key: str) -> Row | None: ...

    def row_at(self, account: str, seq: int) -> Row | None: ...

    def rows_at(self, account: str, seqs: Sequence[int]) -> list[Row]:
        """The rows of these seqs that exist, in seq order: one find by `_id`."""
        ...

    def rows_with_ids(self, ids: Sequence[str]) -> list[Row]:
        """Those of these rows that exist, of any accounts, in no promised order."""
        ...

    def players_with_ids(self, ids: Sequence[str]) -> list[Player]:
        """Those of these players that exist, in no promised order."""
        ...

    def seqs_of(self, ids: Sequence[str]) -> Mapping[str, int]:
        """The seq of each of these players that exists, and nothing else of them."""
        ...

    def insert_row(self, row: Row) -> bool:
        """True when inserted, False when its `_id` or key is taken already (never says which)."""
        ...

    def project_row(self, row: Row) -> None:
        """Apply the row to its player where seq is the row's minus one; no match means done already."""
        ...

    def take_hold(self, hold: Hold) -> bool:
        """Lower `available` by the amount if it is there; False when it is not (or no such shard)."""
        ...

    def give_back(self, hold: Hold) -> None: ...

    def budget_shards(self, group: str) -> list[BudgetShard]:
        """All shards of one budget of one period; `group` is `<name>:<period>`."""
        ...

    def budgets_begun(self, groups: Collection[str]) -> dict[str, list[BudgetShard]]:
        """The shards of those of these budgets that somebody has begun, in one read."""
        ...

    def ensure_budget(self, group: str, plan: BudgetPlan) -> list[BudgetShard]:
        """Create the budget unless it exists, and return its shards.

        The plan is a document of its own, inserted first: of two instances with different
        configurations one fixes the plan and both create the same shards from it.
        """
        ...

    def add_shard(self, group: str, name: str, *, cap: int) -> None:
        """Insert the shard `<group>:<name>` with all of its cap available; existing ones stay."""
        ...

    def lower_shard(self, shard_id: str, *, amount: int, name: str) -> int:
        """Take `amount` out of the shard's cap and of what is available, together and once per `name`.

        Answers what was taken under that name, now or before: 0 while less than `amount` is available.
        `name` has letters, digits and underscores alone.
        """
        ...

    def open_rows(self, *, limit: int) -> list[Row]:
        """First halves of transfers that nobody has finished yet."""
        ...

    def close_row(self, row: Row) -> None: ...

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterable[Row]:
        """Rows with from_ms <= ts < until_ms, in no promised order, streamed."""
        ...

    def heads_between(self, *, from_ms: int, until_ms: int, limit: int) -> list[RowHead]:
        """The first `limit` of the rows with from_ms <= ts < until_ms, by ts."""
        ...
