"""Ledger rows: what one change of a player's money or game state looks like, and how it is sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.canonical_json import canonical_bytes
from shared.domain.errors import ensure
from shared.domain.money import CURRENCIES, INT64_MAX

GENESIS: Final = "0" * 64
"""The `ph` of an account's first row."""

BURNED: Final = "sys:burn"
"""Where money goes that leaves the game for good."""

SYSTEM_FINGERPRINT: Final = "system"
"""Rows of the system share one fingerprint, so the loser of a race reads the winner, never a 422."""


def client_key(account: str, key: str) -> str:
    """The stored form of a key a client chose; no client input can produce the other two forms."""
    return f"{account}:c:{key}"


def is_client_key(key: str, *, account: str) -> bool:
    """Whether a client of the account chose this stored key, rather than the system or an administrator."""
    return key.startswith(client_key(account, ""))


def system_key(account: str, name: str) -> str:
    """The stored form of a key the system chose, e.g. `claim:<id>:settle`."""
    return f"{account}:s:{name}"


def admin_key(account: str, admin: str, key: str) -> str:
    """The stored form of a key of an administrator's action on this account."""
    return f"{account}:a:{admin}:{key}"


def row_id(account: str, seq: int) -> str:
    """`<account>:<seq>`, the row's `_id`; its uniqueness is what orders an account's history."""
    return f"{account}:{seq}"


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a posting: `delta` units of `currency` into `account` (out of it when negative).

    Accounts: a player's id, `escrow:<player>`, `transit:<key>`, or `sys:emission|fee|burn|withdrawn|adjustment|opening`.
    """

    account: str
    currency: str
    delta: int


@dataclass(frozen=True, slots=True)
class Hold:
    """`amount` units taken from one budget shard (`<name>:<period>:<shard>`) by one attempt."""

    budget_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Emission:
    """A wish to take `amount` from the budget `name` of the period that contains now.

    Wishes are served in the order given: an arena's budget before the global one, AIBA before NEUR.
    `period` is `day` (UTC, `2026-11-22`) or `hour` (`2026-11-22T13`).
    """

    name: str
    amount: int
    period: str = "day"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a decider wants committed: legs sum to zero per currency, `changes` are values computed now.

    `changes` maps dotted paths of the player document to int, str, dict or list (never a bare bool,
    float or None: the store would mangle them); `removals` are paths to unset. `answer` is replayed
    for ever to whoever sends the same key. `is_open` marks the first half of a transfer.
    """

    kind: str
    answer: Mapping[str, Any]
    legs: tuple[Leg, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    removals: tuple[str, ...] = ()
    emissions: tuple[Emission, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal that becomes a row: its key's first answer is its answer for ever."""

    kind: str
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)


Decision = Accepted | Declined


@dataclass(frozen=True, slots=True)
class Row:
    """A committed (or about to be committed) ledger row; times are UTC milliseconds.

    `ok` False is a recorded refusal. `previous_hash` chains the account's rows. `is_open` is the only
    thing that ever changes (once, to False) and therefore stands outside the hash.
    """

    account: str
    seq: int
    key: str
    fingerprint: str
    ok: bool
    kind: str
    ts_ms: int
    day: str
    config_revision: int
    legs: tuple[Leg, ...]
    changes: Mapping[str, Any]
    removals: tuple[str, ...]
    holds: tuple[Hold, ...]
    attempt: str
    answer: Mapping[str, Any]
    previous_hash: str
    is_open: bool = False
    _known_hash: str = field(default="", init=False, repr=False, compare=False)

    @property
    def id(self) -> str:
        return row_id(self.account, self.seq)

    @property
    def hash(self) -> str:
        """Computed once: a row is sealed, checked, stored and projected, and hashing costs more than each."""
        if not self._known_hash:
            object.__setattr__(self, "_known_hash", row_hash(_unsealed(self)))
        return self._known_hash


def _unsealed(row: Row) -> dict[str, Any]:
    return {
        "_id": row.id,
        "k": row.key,
        "fp": row.fingerprint,
        "acct": row.account,
        "seq": row.seq,
        "ok": row.ok,
        "kind": row.kind,
        "ts": row.ts_ms,
        "day": row.day,
        "cfg": row.config_revision,
        "legs": [{"a": leg.account, "c": leg.currency, "d": leg.delta} for leg in row.legs],
        "set": {path: row.changes[path] for path in sorted(row.changes)},
        "unset": list(row.removals),
        "bud": [[hold.budget_id, hold.amount] for hold in row.holds],
        "att": row.attempt,
        "res": dict(row.answer),
        "ph": row.previous_hash,
    }


def row_hash(document: Mapping[str, Any]) -> str:
    """sha256 of the canonical row without its own hash and without `open`, the one field that changes."""
    sealed = {name: value for name, value in document.items() if name not in ("h", "open")}
    return hashlib.sha256(canonical_bytes(sealed)).hexdigest()


def row_document(row: Row) -> dict[str, Any]:
    """The row as it is stored, sealed with its hash `h`."""
    document = _unsealed(row)
    document["h"] = row.hash
    if row.is_open:
        document["open"] = 1
    return document


def row_from_document(document: Mapping[str, Any]) -> Row:
    """Rebuild a row from what a store returned; integers may arrive as a driver's own int type."""
    return Row(
        account=document["acct"],
        seq=int(document["seq"]),
        key=document["k"],
        fingerprint=document["fp"],
        ok=bool(document["ok"]),
        kind=document["kind"],
        ts_ms=int(document["ts"]),
        day=document["day"],
        config_revision=int(document["cfg"]),
        legs=tuple(Leg(leg["a"], leg["c"], int(leg["d"])) for leg in document["legs"]),
        changes=plain(document["set"]),
        removals=tuple(document["unset"]),
        holds=tuple(Hold(budget_id, int(amount)) for budget_id, amount in document["bud"]),
        attempt=document["att"],
        answer=plain(document["res"]),
        previous_hash=document["ph"],
        is_open=bool(document.get("open", 0)),
    )


def plain(value: Any) -> Any:
    """A copy in Python's own dict, list, int and str, whatever subclasses a driver used."""
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


@dataclass(frozen=True, slots=True)
class Projection:
    """What a row does to its account's player document, applied only where `seq` is the row's minus one."""

    balance_deltas: Mapping[str, int]
    escrow_deltas: Mapping[str, int]
    changes: Mapping[str, Any]
    removals: tuple[str, ...]


def projection_of(row: Row) -> Projection:
    """Sum the row's legs on the player's own account and escrow; legs of others never touch the document."""
    balances: dict[str, int] = {}
    escrow: dict[str, int] = {}
    for leg in row.legs:
        if leg.account == row.account:
            balances[leg.currency] = balances.get(leg.currency, 0) + leg.delta
        elif leg.account == f"escrow:{row.account}":
            escrow[leg.currency] = escrow.get(leg.currency, 0) + leg.delta
    return Projection(balances, escrow, row.changes, row.removals)


def check_legs(legs: Sequence[Leg]) -> None:
    """Every posting is balanced: known currencies, int64 amounts, and a zero sum per currency."""
    totals: dict[str, int] = {}
    for leg in legs:
        ensure(leg.currency in CURRENCIES, "a leg names a known currency")
        ensure(type(leg.delta) is int and abs(leg.delta) <= INT64_MAX, "a leg fits int64")
        totals[leg.currency] = totals.get(leg.currency, 0) + leg.delta
    ensure(not any(totals.values()), "legs sum to zero per currency")


def check_changes(changes: Mapping[str, Any]) -> None:
    """State values survive every MongoDB-compatible store: int, str, dict, list at the top of a path."""
    for path, value in changes.items():
        ensure(type(value) in (int, str, dict, list), f"{path} is an int, str, dict or list")
