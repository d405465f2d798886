"""Finishing what a crash left half done; nothing here decides, it only completes what rows decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    from shared.services.commit import Committer

WATERMARK: Final = "janitor"
OVERLAP_MS: Final = 120 * MS_PER_SECOND
FIRST_LOOKBACK_MS: Final = 24 * 3600 * MS_PER_SECOND
OPEN_AFTER_MS: Final = 10 * MS_PER_SECOND
OPEN_LIMIT: Final = 200

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
    """What one run found and did. `lag_ms` is the age of the oldest row that was not projected yet."""

    rows: int = 0
    accounts: int = 0
    projected: int = 0
    lag_ms: int = 0
    claims_restored: int = 0
    transfers_finished: int = 0
    undecided: int = 0
    broken: list[str] = field(default_factory=list)


def run_janitor(janitor: Janitor) -> JanitorTally:
    """Project laggards, restore missing claim documents, free let-go wallets, finish open transfers.

    Looks at rows since the last run with two minutes' overlap: a row's time is taken before its
    insert, so one may appear late. A store that fails in between only means the next run sees more.
    Raises InvariantBroken, after everything else was finished, naming the rows that could not be.
    """
    tally = JanitorTally()
    now_ms = janitor.clock.now_ms()
    since_ms = janitor.watermarks.read(WATERMARK) or now_ms - FIRST_LOOKBACK_MS
    newest: dict[str, Row] = {}
    for row in janitor.committer.store.rows_between(from_ms=since_ms - OVERLAP_MS, until_ms=now_ms + 1):
        tally.rows += 1
        if row.account not in newest or newest[row.account].seq < row.seq:
            newest[row.account] = row
        with _isolated(tally, row):
            if row.ok and row.kind == CLAIM_KIND:
                tally.claims_restored += _restore_claim(janitor, row)
            janitor.release_former_name(row)
    tally.accounts = len(newest)
    for row in newest.values():
        with _isolated(tally, row):
            _project(janitor, row, now_ms=now_ms, tally=tally)
    _finish_transfers(janitor, now_ms=now_ms, tally=tally)
    janitor.watermarks.write(WATERMARK, now_ms)
    janitor.observations.note(Observation(PROJECTION, now_ms, {"lag_ms": tally.lag_ms}))
    if tally.broken:
        raise InvariantBroken(f"every row can be finished: {'; '.join(tally.broken[:10])}")
    return tally


@contextmanager
def _isolated(tally: JanitorTally, row: Row) -> Iterator[None]:
    """One account's broken row is remembered and said at the end; the others are finished all the same."""
    try:
        yield
    except Unavailable:
        raise
    except ArenaError as error:
        tally.broken.append(f"{row.id}: {error.detail}")


def _restore_claim(janitor: Janitor, row: Row) -> int:
    """A crash between a claim's row and its document leaves only the row, which knows everything."""
    claim = claim_of_row(row)
    if janitor.claims.read(claim.terms.id) is not None:
        return 0
    janitor.claims.insert(claim)
    return 1


def _project(janitor: Janitor, row: Row, *, now_ms: int, tally: JanitorTally) -> None:
    player = janitor.committer.store.read_player(row.account)
    if player is None or player.seq >= row.seq:
        return
    tally.lag_ms = max(tally.lag_ms, now_ms - row.ts_ms)
    tally.projected += janitor.committer.roll_forward(player).seq - player.seq


def _finish_transfers(janitor: Janitor, *, now_ms: int, tally: JanitorTally) -> None:
    for row in janitor.committer.store.open_rows(limit=OPEN_LIMIT):
        if now_ms - row.ts_ms < OPEN_AFTER_MS:
            continue  # whoever wrote it is most likely still at it
        try:
            with _isolated(tally, row):
                janitor.finish_transfer(row)
                tally.transfers_finished += 1
        except Unavailable:
            tally.undecided += 1
