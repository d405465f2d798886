"""Bringing the standings of some accounts up to their rows, together: few reads for all, one write each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.battle import UNDER_REVIEW
from shared.domain.boards import Standing, folded, hidden_until_ms
from shared.domain.errors import ArenaError, Refused, Unavailable, ensure
from shared.domain.ledger import row_id

if TYPE_CHECKING:
    from shared.domain.ledger import Row
    from shared.domain.player import Player
    from shared.domain.row_heads import RowHead
    from shared.ports.boards import BoardStore
    from shared.ports.clock import Clock
    from shared.ports.watermarks import Watermarks
    from shared.services.commit import Committer

ROWS_OF_ONE: Final = 100
"""How many rows of one account are counted before its standing is written: a long history is no one piece."""
ROWS_PER_READ: Final = 500
IDLE_ROWS: Final = 20
"""How many rows that count for nothing are looked at again before the standing moves past them."""
Report = Callable[[str, Mapping[str, Any]], None]
Due = Mapping[str, "RowHead"]


@dataclass(frozen=True, slots=True)
class BoardFolding:
    """What the scheduled fold needs; `report` counts facts that somebody must look at."""

    committer: Committer
    boards: BoardStore
    watermarks: Watermarks
    clock: Clock
    report: Report


@dataclass(slots=True)
class BoardTally:
    """What one run found and did; `behind_ms` is the age of the oldest row that may not be counted yet."""

    rows: int = 0
    accounts: int = 0
    changed: int = 0
    summaries: int = 0
    broken: int = 0
    behind_ms: int = 0


def fold_accounts(folding: BoardFolding, due: Due, *, ends_ms: int, tally: BoardTally) -> bool:
    """Count each account's rows up to its given one; False when the time was over before all were.

    An account that cannot be folded is reported and counted as broken; the others go on. One whose
    standing somebody else moved meanwhile is looked at again. Raises Unavailable.
    """
    while due:
        found = {standing.account: standing for standing in folding.boards.standings(list(due))}
        known = {account: found.get(account, Standing(account)) for account in due}
        due = {account: head for account, head in due.items() if known[account].seq < head.seq}
        again = _fold_once(folding, due, known, new=due.keys() - found.keys(), tally=tally)
        due = {account: head for account, head in due.items() if account in again}
        if due and folding.clock.now_ms() >= ends_ms:
            return False
    return True


def _fold_once(
    folding: BoardFolding, due: Due, known: Mapping[str, Standing], *, new: set[str], tally: BoardTally
) -> set[str]:
    """One step for each account; returns those that have to be looked at again."""
    again: set[str] = set()
    inserted: list[Standing] = []
    players = _players(folding, due, tally=tally)
    rows = _rows(
        folding, {account: _next_seqs(known[account], player) for account, player in players.items()}
    )
    for account, player in players.items():
        before = known[account]
        with _isolated(folding, account, tally):
            after = _folded(folding, before, rows, player)
            if after is None:
                continue
            if account in new:
                inserted.append(after)
            elif not folding.boards.replace(after, expected_seq=before.seq):
                again.add(account)
            tally.changed += 1
            if after.seq < player.seq:
                again.add(account)
    if inserted and not folding.boards.insert(inserted):
        again.update(standing.account for standing in inserted)
    return again


def _players(folding: BoardFolding, due: Due, *, tally: BoardTally) -> dict[str, Player]:
    """The players with every row applied up to the one that made them due: a ban must not be overlooked."""
    if not due:
        return {}
    found = {player.id: player for player in folding.committer.store.players_with_ids(list(due))}
    players: dict[str, Player] = {}
    for account, head in due.items():
        with _isolated(folding, account, tally):
            player = found.get(account)
            if player is None:
                raise Refused("This player does not exist yet", code="player_unknown")
            players[account] = folding.committer.roll_forward(player) if player.seq < head.seq else player
    return players


def _next_seqs(standing: Standing, player: Player) -> range:
    return range(standing.seq + 1, min(standing.seq + ROWS_OF_ONE, player.seq) + 1)


def _rows(folding: BoardFolding, wanted: Mapping[str, range]) -> dict[str, Row]:
    ids = [row_id(account, seq) for account, seqs in wanted.items() for seq in seqs]
    pages = (ids[first : first + ROWS_PER_READ] for first in range(0, len(ids), ROWS_PER_READ))
    return {row.id: row for page in pages for row in folding.committer.store.rows_with_ids(page)}


def _folded(
    folding: BoardFolding, before: Standing, rows: Mapping[str, Row], player: Player
) -> Standing | None:
    """The next standing, or None while nothing is worth a write. Raises InvariantBroken for a missing row."""
    ids = [row_id(player.id, seq) for seq in _next_seqs(before, player)]
    ensure(all(each in rows for each in ids), "every row up to a player's seq is there")
    counted = [rows[each] for each in ids]
    after = folded(before, counted, hidden_until_ms=hidden_until_ms(player))
    impossible = [row.id for row in counted if row.answer.get("rewardHeldBecause") == UNDER_REVIEW]
    for each in impossible:
        folding.report("impossible_score", {"row": each})
    is_worth_a_write = after.seq - before.seq >= IDLE_ROWS or after.seq < player.seq or impossible
    return after if is_worth_a_write or after.differs_visibly(before) else None


@contextmanager
def _isolated(folding: BoardFolding, account: str, tally: BoardTally) -> Iterator[None]:
    """One account's broken history is reported; the others are folded all the same."""
    try:
        yield
    except Unavailable:
        raise
    except ArenaError as error:
        tally.broken += 1
        folding.report("board_account_broken", {"account": account, "code": error.code, "why": error.detail})


def batches(due: Due, *, size: int) -> Iterable[Due]:
    """The accounts in groups of at most `size`."""
    accounts = list(due)
    for first in range(0, len(accounts), size):
        yield {account: due[account] for account in accounts[first : first + size]}
