"""Folding ledger rows into leaderboards: killed anywhere and run again, the boards equal the fold of the rows."""

from __future__ import annotations

from typing import Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.row_heads import newest_of
from shared.services.due_pages import due_rows
from shared.services.fold_accounts import BoardFolding, BoardTally, batches, fold_accounts
from shared.services.summarize_boards import summarize_boards

WATERMARK: Final = "boards"
AS_OF: Final = "boards_as_of"
"""The instant before which every row is on the boards."""
RUN_FOR_MS: Final = 20 * MS_PER_SECOND
ACCOUNTS_AT_ONCE: Final = 100


def fold_boards(folding: BoardFolding, *, run_for_ms: int = RUN_FOR_MS) -> BoardTally:
    """Bring every account with rows since the last run up to them, on all boards, while there is time.

    Which accounts to look at comes from row times; which rows count comes from each standing's own seq,
    so neither a crash nor a second run counts a row twice or leaves one out. Raises Unavailable.
    """
    tally = BoardTally()
    started_ms = folding.clock.now_ms()
    ends_ms = started_ms + run_for_ms
    as_of_ms = started_ms
    for page in due_rows(
        WATERMARK,
        store=folding.committer.store,
        watermarks=folding.watermarks,
        clock=folding.clock,
        first_ms=0,
        run_for_ms=run_for_ms,
    ):
        newest = newest_of(page.items)
        tally.rows += len(page.items)
        tally.accounts += len(newest)
        is_done = all(
            fold_accounts(folding, batch, ends_ms=ends_ms, tally=tally)
            for batch in batches(newest, size=ACCOUNTS_AT_ONCE)
        )
        as_of_ms = min(started_ms, page.seen_until_ms if is_done else page.items[0].ts_ms)
        if not is_done:
            break
    folding.watermarks.write(AS_OF, as_of_ms)
    tally.behind_ms = folding.clock.now_ms() - as_of_ms
    folding.report("boards", {"behind_ms": tally.behind_ms})
    tally.summaries = summarize_boards(folding.boards, clock=folding.clock, ends_ms=ends_ms)
    return tally
