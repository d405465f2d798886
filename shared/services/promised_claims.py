"""Which claims their ledger rows promised: a document alone is owed nothing, whatever it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from shared.domain.claims import Claim, check_promised
from shared.domain.errors import InvariantBroken
from shared.domain.ledger import Row, row_id

if TYPE_CHECKING:
    from shared.ports.ledger import LedgerStore

ROWS_AT_ONCE: Final = 500


def promising_rows(store: LedgerStore, claims: Sequence[Claim]) -> dict[str, Row]:
    """The rows that the claims name, by `row_of`."""
    ids = [row_of(claim) for claim in claims]
    found = store.rows_with_ids(ids) if ids else ()
    return {row.id: row for row in found}


def row_of(claim: Claim) -> str:
    """The id of the row that the claim names."""
    return row_id(claim.terms.account, claim.row_seq)


def promised_claims(store: LedgerStore, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Those that a row of the ledger promised; settling names the others, and nobody can be paid for them."""
    for start in range(0, len(claims), ROWS_AT_ONCE):
        some = claims[start : start + ROWS_AT_ONCE]
        rows = promising_rows(store, some)
        yield from (claim for claim in some if _is_promised(claim, rows.get(row_of(claim))))


def _is_promised(claim: Claim, row: Row | None) -> bool:
    try:
        check_promised(claim, row)
    except InvariantBroken:
        return False
    return True
