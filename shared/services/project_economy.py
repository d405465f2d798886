"""A dry run: what a change of the economy would do, judged by what players really did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import MS_PER_DAY
from shared.domain.config_changes import difference_documents
from shared.domain.economy_projection import Projection

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.ports.ledger import LedgerStore

SPAN_MS: Final = MS_PER_DAY
ROWS_MAX: Final = 50_000


def project_economy(
    before: GameConfig, after: GameConfig, *, store: LedgerStore, now_ms: int
) -> dict[str, Any]:
    """Both configurations over the rows of the last 24 hours; nothing is changed.

    `basis` says how many rows and battles it rests on; above 50,000 rows the first of them stand for all.
    """
    projections = Projection(before), Projection(after)
    rows, first_ms, last_ms = 0, now_ms, now_ms - SPAN_MS
    for row in store.rows_between(from_ms=now_ms - SPAN_MS, until_ms=now_ms + 1):
        if rows >= ROWS_MAX:
            break
        rows += 1
        first_ms, last_ms = min(first_ms, row.ts_ms), max(last_ms, row.ts_ms)
        for projection in projections:
            projection.count(row)
    # A sample stands for the time it covers; all rows stand for the whole day.
    span_ms = max(1, last_ms - first_ms) if rows >= ROWS_MAX else SPAN_MS
    now, then = (projection.per_day(span_ms=span_ms) for projection in projections)
    return {
        "changes": difference_documents(before, after),
        "basis": {"rows": rows, "battles": projections[0].battles, "spanMs": span_ms},
        "before": now,
        "after": then,
    }
