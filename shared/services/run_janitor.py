"""Finishing what a crash left half done; nothing here decides, it only completes what rows decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.claims import CLAIM_KIND, claim_of_row
from shared.domain.errors import ArenaError, InvariantBroken, Unavailable
from shared.domain.ledger import Row
from shared.domain.observations import PROJECTION, Observation

if TYPE_CHECKING:
    from shared.ports.claims import ClaimStore
    from shared.ports.clock import Clock
    from shared.ports.observations import Observations
    from shared.ports.watermarks import Watermarks
from shared.domain.row_heads import newest_of
from shared.services.due_pages import due_rows
from shared.services.link_wallet import LINK_KIND, UNLINK_KIND

if TYPE_CHECKING:
    from shared.domain.row_heads import RowHead
    from shared.ports.claims import ClaimStore
    from shared.ports.clock import Clock
    from shared.ports.watermarks import Watermarks
    from shared.services.commit import Committer

WATERMARK: Final = "janitor"
RUN_FOR_MS: Final = 20 * MS_PER_SECOND
FIRST_LOOKBACK_MS: Final = 24 * 3600 * MS_PER_SECOND
OPEN_AFTER_MS: Final = 10 * MS_PER_SECOND
OPEN_LIMIT: Final = 200
_KINDS_WITH_MORE: Final = frozenset({CLAIM_KIND, LINK_KIND, UNLINK_KIND})
"""Rows that leave a document or a name outside the ledger; of all others only the projection can lack."""

FinishTransfer = Callable[[Row], None]


@dataclass(frozen=True, slots=True)
class Janitor:
    """What cleaning up needs.

    `finish_transfer` completes the second half of an open row and closes it; `release_former_name` frees
    the name of a wallet that a row let go, and does nothing for any other row.
    """

    committer: Committer
    claims: ClaimStore
    watermarks: Watermarks
    observations: Observations
    clock: Clock
    finish_transfer: FinishTransfer
    release_former_name: Callable[[Row], None]


@dataclass(slots=True)
class JanitorTally:
    """What one run found and did.

    `lag_ms` is the age of the oldest row that was not projected yet, or that nobody could look at in time.
    """

    rows: int = 0
    accounts: int = 0
    projected: int = 0
    lag_ms: int = 0
    claims_restored: int = 0
    transfers_finished: int = 0
    undecided: int = 0
    broken: list[str] = field(default_factory=list)


def run_janitor(janitor: Janitor, *, run_for_ms: int = RUN_FOR_MS) -> JanitorTally:
    """Project laggards, restore missing claim documents, free let-go wallets, finish open transfers.

    Open transfers first: they are few, and money waits in them. Then the rows since the last run, oldest
    first, while there is time; the next run goes on where this one stopped. Raises InvariantBroken, after
    everything else was finished, naming the rows that could not be.
    """
    tally = JanitorTally()
    now_ms = janitor.clock.now_ms()
    _finish_transfers(janitor, now_ms=now_ms, run_for_ms=run_for_ms, tally=tally)
    seen_until_ms = now_ms
    for page in due_rows(
        WATERMARK,
        store=janitor.committer.store,
        watermarks=janitor.watermarks,
        clock=janitor.clock,
        first_ms=now_ms - FIRST_LOOKBACK_MS,
        run_for_ms=run_for_ms,
    ):
        newest = newest_of(page.items)
        tally.rows += len(page.items)
        tally.accounts += len(newest)
        _finish_rows(janitor, page.items, tally=tally)
        _project(janitor, newest, now_ms=now_ms, tally=tally)
        seen_until_ms = page.seen_until_ms
    if seen_until_ms < now_ms:  # rows not looked at may be rows that nobody projected
        tally.lag_ms = max(tally.lag_ms, now_ms - seen_until_ms)
    janitor.observations.note(Observation(PROJECTION, now_ms, {"lag_ms": tally.lag_ms}))
    if tally.broken:
        raise InvariantBroken(f"every row can be finished: {'; '.join(tally.broken[:10])}")
    return tally


@contextmanager
def _isolated(tally: JanitorTally, row_id: str) -> Iterator[None]:
    """One account's broken row is remembered and said at the end; the others are finished all the same."""
    try:
        yield
    except Unavailable:
        raise
    except ArenaError as error:
        tally.broken.append(f"{row_id}: {error.detail}")


def _finish_rows(janitor: Janitor, heads: Sequence[RowHead], *, tally: JanitorTally) -> None:
    """Read whole only the rows of kinds that leave something outside the ledger."""
    wanted = [head.id for head in heads if head.kind in _KINDS_WITH_MORE]
    for row in janitor.committer.store.rows_with_ids(wanted) if wanted else ():
        with _isolated(tally, row.id):
            if row.ok and row.kind == CLAIM_KIND:
                tally.claims_restored += _restore_claim(janitor, row)
            janitor.release_former_name(row)


def _restore_claim(janitor: Janitor, row: Row) -> int:
    """A crash between a claim's row and its document leaves only the row, which knows everything."""
    claim = claim_of_row(row)
    if janitor.claims.read(claim.terms.id) is not None:
        return 0
    janitor.claims.insert(claim)
    return 1


def _project(janitor: Janitor, newest: Mapping[str, RowHead], *, now_ms: int, tally: JanitorTally) -> None:
    """Roll the accounts forward whose player is behind; the others cost no command of their own."""
    seqs = janitor.committer.store.seqs_of(list(newest))
    behind = [account for account, seq in seqs.items() if seq < newest[account].seq]
    for player in janitor.committer.store.players_with_ids(behind) if behind else ():
        head = newest[player.id]
        with _isolated(tally, head.id):
            tally.lag_ms = max(tally.lag_ms, now_ms - head.ts_ms)
            tally.projected += janitor.committer.roll_forward(player).seq - player.seq


def _finish_transfers(janitor: Janitor, *, now_ms: int, run_for_ms: int, tally: JanitorTally) -> None:
    for row in janitor.committer.store.open_rows(limit=OPEN_LIMIT):
        if now_ms - row.ts_ms < OPEN_AFTER_MS:
            continue  # whoever wrote it is most likely still at it
        if janitor.clock.now_ms() - now_ms >= run_for_ms:
            return
        try:
            with _isolated(tally, row.id):
                janitor.finish_transfer(row)
                tally.transfers_finished += 1
        except Unavailable:
            tally.undecided += 1
