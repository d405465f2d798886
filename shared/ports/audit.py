"""What an auditor of the ledger asks of the outside world: the documents as they are, and its own marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from shared.ports.ledger import BudgetShard


class LedgerScan(Protocol):
    """The ledger's documents as they are stored (field names of shared.domain.ledger), for an auditor.

    Streams promise no order and read one page at a time. Every method raises Unavailable.
    """

    def players(self) -> Iterable[Mapping[str, Any]]: ...

    def players_with_ids(self, ids: Collection[str]) -> list[Mapping[str, Any]]: ...

    def rows_with_ids(self, ids: Collection[str]) -> list[Mapping[str, Any]]: ...

    def rows_with_keys(self, keys: Collection[str]) -> list[Mapping[str, Any]]: ...

    def rows_between(self, *, from_ms: int, until_ms: int) -> Iterable[Mapping[str, Any]]:
        """Rows with from_ms <= ts < until_ms."""
        ...

    def row_places(self) -> Iterable[tuple[str, str, int]]:
        """(row id, account, seq) of every row there is."""
        ...

    def shards(self) -> Iterable[BudgetShard]: ...

    def shards_of(self, groups: Collection[str]) -> Iterable[BudgetShard]:
        """The shards of these budgets (`<name>:<period>`)."""
        ...


@dataclass(frozen=True, slots=True)
class AuditMark:
    """An account's books as far as they were found right: the next audit begins after `seq`."""

    account: str
    seq: int
    head: str
    ts_ms: int
    balances: Mapping[str, int]
    escrow: Mapping[str, int]
    claims: Mapping[str, int]


Suspects = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """How far the running audit has come: rows before `until_ms`, what they hold of recent budgets.

    `suspects` are accounts and budget shards with violations that stop claims and still stand, each with
    the places where they were found: what was found there before stops nobody a second time.
    """

    until_ms: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
    suspects: Suspects = field(default_factory=dict)


class AuditMarks(Protocol):
    """What the running audit remembers; losing it means auditing from the beginning again."""

    def read(self, accounts: Collection[str]) -> Mapping[str, AuditMark]: ...

    def write(self, mark: AuditMark) -> None: ...

    def progress(self) -> AuditProgress: ...

    def write_progress(self, progress: AuditProgress) -> None: ...
