"""The documents of the ledger as the model sees them, and what must be true of them at every instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

BY = " by "
"""Between a second half's key and the attempt, where each attempt had a key of its own."""

Mark = tuple[str, int]
Hold = tuple[str, int]


@dataclass(frozen=True)
class Rules:
    """The rules without which the ledger breaks; each is switched off in turn by a test."""

    unique_key: bool = True
    unique_sequence: bool = True
    projection_conditional_on_sequence: bool = True
    refusals_are_rows: bool = True
    rows_are_kept: bool = True
    holds_return_at_most_once: bool = True
    own_row_is_recognised: bool = True
    timed_out_insert_is_repeated_identically: bool = True
    time_never_runs_backwards: bool = True
    state_changes_only_through_rows: bool = True
    no_upsert_on_money: bool = True
    open_rows_are_marked: bool = True
    second_half_has_one_key: bool = True
    own_row_is_seen_while_rolling: bool = True
    overdrawing_decision_looks_again: bool = True
    unseen_row_keeps_its_holds: bool = True


@dataclass(frozen=True)
class Faults:
    """What may go wrong besides crashes and stalls, which are always possible."""

    lost_acknowledgements: bool = True
    delayed_inserts: bool = False
    stale_players: bool = False
    stale_look_ups: bool = False
    failing_holds: bool = False


class View(NamedTuple):
    """A player's document: the fold of rows 1..seq."""

    seq: int = 0
    balance: int = 0
    escrow: int = 0
    ts: int = 0
    marks: tuple[Mark, ...] = ()

    def mark(self, name: str) -> int:
        return dict(self.marks).get(name, 0)


class Row(NamedTuple):
    """A ledger row; `marks` is its effect that is not money, `opens` the key of its second half."""

    account: str
    seq: int
    key: str
    ok: bool
    attempt: str
    ts: int
    answer: str
    delta: int = 0
    escrow: int = 0
    marks: tuple[Mark, ...] = ()
    holds: tuple[Hold, ...] = ()
    opens: str = ""


class Db(NamedTuple):
    """All documents; `packets` are inserts still under way, `deleted`, `past` and `answers` only watch."""

    players: tuple[tuple[str, View], ...]
    rows: frozenset[Row] = frozenset()
    shards: tuple[Hold, ...] = ()
    open: frozenset[str] = frozenset()
    packets: frozenset[Row] = frozenset()
    past: frozenset[tuple[str, View]] = frozenset()
    deleted: frozenset[Row] = frozenset()
    answers: frozenset[tuple[str, str]] = frozenset()

    def player(self, account: str) -> View:
        return dict(self.players)[account]

    def row_by_key(self, key: str) -> Row | None:
        return next((row for row in self.rows if row.key == key), None)

    def row_at(self, account: str, seq: int) -> Row | None:
        return next((row for row in self.rows if (row.account, row.seq) == (account, seq)), None)

    def rows_after(self, account: str, seq: int) -> tuple[Row, ...]:
        found = (row for row in self.rows if row.account == account and row.seq > seq)
        return tuple(sorted(found, key=lambda row: row.seq))

    def available(self, shard: str) -> int:
        return dict(self.shards)[shard]

    def with_available(self, shard: str, change: int) -> Db:
        return self._replace(
            shards=tuple((name, units + change if name == shard else units) for name, units in self.shards)
        )

    def with_player(self, account: str, view: View, *, keep_past: bool) -> Db:
        past = self.past | {(account, self.player(account))} if keep_past else self.past
        players = tuple((name, view if name == account else old) for name, old in self.players)
        return self._replace(players=players, past=past)


def folded(view: View, row: Row) -> View:
    """The player's document after one more row."""
    marks = tuple(sorted({**dict(view.marks), **dict(row.marks)}.items()))
    return View(row.seq, view.balance + row.delta, view.escrow + row.escrow, row.ts, marks)


def what_is_wrong(start: Db, db: Db, *, watches_time: bool = True) -> str | None:
    """The first invariant that does not hold; it looks at documents and given answers, never at processes.

    Without `watches_time` a clock may run backwards unnoticed, to see what comes of it.
    """
    rows = db.rows | db.deleted
    return (
        _wrong_keys(rows)
        or next(
            (
                bad
                for account, _ in start.players
                if (bad := _wrong_account(start, db, account, watches_time))
            ),
            None,
        )
        or _wrong_budgets(start, db, rows)
        or _wrong_answers(db, rows)
    )


def _wrong_keys(rows: frozenset[Row]) -> str | None:
    keys = [row.key for row in rows]
    if len(keys) != len(set(keys)):
        return "a key committed twice"
    paid_out = [key.partition(BY)[0] for key in keys]
    if len(paid_out) != len(set(paid_out)):
        return "a transfer was paid out twice"
    once = [
        (row.account, mark) for row in rows if row.ok for mark in row.marks if mark[0].startswith("once:")
    ]
    return "something happened twice that may happen once" if len(once) != len(set(once)) else None


def _wrong_account(start: Db, db: Db, account: str, watches_time: bool) -> str | None:
    own = sorted(
        (row for row in db.rows | db.deleted if row.account == account), key=lambda row: (row.seq, row.key)
    )
    stored, view = db.player(account), start.player(account)
    seen = view if stored.seq == view.seq else None
    for row in own:
        if row.seq != view.seq + 1:
            return f"{account} has a gap or a fork at {row.seq}"
        if watches_time and row.ts < view.ts:
            return f"time ran backwards along {account}"
        if not row.ok and row.answer == "no funds" and view.balance > 0:
            return f"an unjustified refusal on {account}"
        view = folded(view, row)
        if view.balance < 0 or view.escrow < 0:
            return f"a negative balance on {account}"
        if stored.seq == row.seq:
            seen = view
    if seen != stored:
        return f"the player {account} is not the fold of the rows up to its sequence"
    return None


def _wrong_budgets(start: Db, db: Db, rows: frozenset[Row]) -> str | None:
    for shard, cap in start.shards:
        held = sum(units for row in rows if row.ok for name, units in row.holds if name == shard)
        if db.available(shard) < 0 or held > cap:
            return f"the cap of {shard} is exceeded"
        if held + db.available(shard) > cap:
            return f"{shard} will issue more than its cap"
    return None


def _wrong_answers(db: Db, rows: frozenset[Row]) -> str | None:
    committed = {row.key: row.answer for row in rows}
    for key, answer in db.answers:
        if committed.get(key) != answer:
            return f"{key} was answered {answer!r} but its row says {committed.get(key)!r}"
    return None


def what_is_unfinished(db: Db) -> str | None:
    """What a janitor should have completed and has not."""
    for account, view in db.players:
        if db.rows_after(account, view.seq):
            return f"rows of {account} are not projected"
    keys = {row.key.partition(BY)[0] for row in db.rows}
    for row in db.rows:
        if row.opens and row.opens not in keys:
            return f"{row.key} was never paid out"
    return "a finished transfer is still open" if db.open else None


Decide = Callable[[View, int, bool], "Decision"]


class Decision(NamedTuple):
    """What a decider wants: a refusal (`ok` False), or effects, `wishes` for budgets, and an answer."""

    ok: bool
    answer: str
    delta: int = 0
    escrow: int = 0
    marks: tuple[Mark, ...] = ()
    wishes: tuple[Hold, ...] = ()
    opens: str = ""
