"""A player's past: the ledger with its running balance, and the battles; pages by known row ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.battle import BATTLE_KIND
from shared.domain.calendar import iso_time
from shared.domain.cursors import cursor_int, read_cursor, write_cursor
from shared.domain.errors import Refused
from shared.domain.ledger import Row, projection_of
from shared.domain.money import CURRENCIES, INT64_MAX

if TYPE_CHECKING:
    from shared.domain.player import Player
    from shared.services.commit import Committer

LEDGER: Final = "ledger"
BATTLES: Final = "battles"
CHUNK: Final = 50
MAX_CHUNKS: Final = 4
"""Rows looked at for one page; a page may therefore be short, or empty, and still have a next one."""


@dataclass(frozen=True, slots=True)
class Page:
    """Items newest first and the cursor of the next page; None when there is nothing older."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def read_ledger(account: str, *, limit: int, cursor: str | None, committer: Committer) -> Page:
    """Postings newest first, each with the balances after it.

    A row's id is account and number, so a page is one find by ids: its cost does not grow with the
    history. The cursor carries the balances at its position.
    """
    player = committer.read_player(account)
    top, balances = player.seq, dict(player.balances)
    if cursor is not None:
        position = read_cursor(LEDGER, cursor)
        top = cursor_int(position, "seq", low=0, high=player.seq)
        given = position.get("balances")
        known = given if isinstance(given, dict) else {}
        balances = {
            name: cursor_int(known, name, low=0, high=INT64_MAX) for name in CURRENCIES if name in known
        }
    rows, next_top = _walk(player, top, limit=limit, is_wanted=_moves_money, committer=committer)
    items = []
    for row in rows:
        items.append(_posting(row, balances))
        for currency, delta in projection_of(row).balance_deltas.items():
            balances[currency] = _balance_before(balances.get(currency, 0), delta)
    position = {"seq": next_top, "balances": balances}
    return Page(items, write_cursor(LEDGER, position) if next_top else None)


def read_battles(account: str, *, limit: int, cursor: str | None, committer: Committer) -> Page:
    """The player's battles newest first, as they were answered."""
    player = committer.read_player(account)
    top = player.seq
    if cursor is not None:
        top = cursor_int(read_cursor(BATTLES, cursor), "seq", low=0, high=player.seq)
    rows, next_top = _walk(player, top, limit=limit, is_wanted=_is_battle, committer=committer)
    items = [dict(row.answer) for row in rows]
    return Page(items, write_cursor(BATTLES, {"seq": next_top}) if next_top else None)


def read_battle(account: str, battle_id: str, *, committer: Committer) -> dict[str, Any]:
    """One battle of this player as it was answered. Raises Refused `battle_not_found`."""
    if battle_id.isascii() and battle_id.isdigit() and len(battle_id) <= 15:
        row = committer.store.row_at(account, int(battle_id))
        if row is not None and _is_battle(row):
            return dict(row.answer)
    raise Refused("You have fought no such battle", code="battle_not_found")


def _walk(
    player: Player, top: int, *, limit: int, is_wanted: Callable[[Row], bool], committer: Committer
) -> tuple[list[Row], int]:
    """Wanted rows from seq `top` downwards, and the seq at which the next page begins (0: none)."""
    found: list[Row] = []
    for _ in range(MAX_CHUNKS):
        if top <= 0:
            break
        seqs = range(max(1, top - CHUNK + 1), top + 1)
        rows = committer.store.rows_at(player.id, seqs)
        for row in reversed(rows):
            if is_wanted(row):
                found.append(row)
                if len(found) == limit:
                    return found, row.seq - 1
        top = seqs[0] - 1
    return found, top


def _balance_before(balance: int, delta: int) -> int:
    """The balance that a posting found; only a cursor of somebody's own making leads out of its bounds."""
    before = balance - delta
    if 0 <= before <= INT64_MAX:
        return before
    raise Refused("This cursor is not one of this list", code="invalid_cursor")


def _is_battle(row: Row) -> bool:
    return row.ok and row.kind == BATTLE_KIND


def _moves_money(row: Row) -> bool:
    return row.ok and bool(row.legs)


def _posting(row: Row, balances: dict[str, int]) -> dict[str, Any]:
    """One line of the player's statement; amounts are signed decimal strings."""
    effect = projection_of(row)
    return {
        "id": str(row.seq),
        "at": iso_time(row.ts_ms),
        "kind": row.kind,
        "amounts": {name: str(delta) for name, delta in effect.balance_deltas.items() if delta},
        "escrow": {name: str(delta) for name, delta in effect.escrow_deltas.items() if delta},
        "balances": {name: str(balances.get(name, 0)) for name in CURRENCIES},
    }
