"""The ledger's invariants, judged from stored documents alone: one account's rows in order, and its player.

    1 legs sum to zero per currency      2 no prefix of a balance is negative   3 keys, numbers and hashes chain
    4 the player is the fold of its rows 5 holds fit their budgets              6 nothing stays open
    7 refusals for funds were true       8 escrow is what open claims hold      9 time never decreases

Nothing here is shared with the code that writes rows but the hash and the names: a wrong fold must
not agree with itself. Budgets are judged in `budget_audit`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.claims import CLAIM_KIND, CONFIRM_KIND, REFUND_KIND
from shared.domain.ledger import GENESIS, row_hash
from shared.domain.money import CURRENCIES, INT64_MAX
from shared.domain.transfers import TRANSIT

INVARIANTS: Final = {
    1: "legs sum to zero per currency",
    2: "no prefix of a balance is negative",
    3: "keys are unique, numbers have no gap, hashes chain",
    4: "the player is the fold of its rows",
    5: "holds fit their budgets, and every AIBA minted was held",
    6: "no transfer stays half done",
    7: "every refusal for funds was true",
    8: "escrow is what open claims hold",
    9: "time never decreases along an account",
}
STOPPING: Final = frozenset({1, 2, 3, 4, 5, 8, 9})
"""A breach of these stops claims; 6 and 7 only alarm."""
OPEN_AT_MOST_MS: Final = 5 * 60_000
_SYSTEM: Final = frozenset(
    f"sys:{name}" for name in ("emission", "fee", "burn", "withdrawn", "adjustment", "opening")
)
_MARKS: Final = ("c", "s", "a")
_MINTED_UNDER_CAP: Final = "AIBA"
_ROW_FORM: Final[Mapping[str, type]] = {
    **dict.fromkeys(("_id", "k", "fp", "acct", "kind", "day", "att", "ph", "h"), str),
    **dict.fromkeys(("seq", "ts", "cfg"), int),
    **dict.fromkeys(("legs", "unset", "bud"), list),
    **dict.fromkeys(("set", "res"), dict),
    "ok": bool,
}
_LEG_FORM: Final[Mapping[str, type]] = {"a": str, "c": str, "d": int}
_PLAYER_FORM: Final[Mapping[str, type]] = {
    **dict.fromkeys(("_id", "h"), str),
    **dict.fromkeys(("seq", "ts"), int),
    **dict.fromkeys(("bal", "esc"), dict),
}
_NOT_STATE: Final = frozenset({"_id", "seq", "ts", "h", "bal", "esc"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant: its number, the account (empty for a budget), the row, player or budget, and how."""

    invariant: int
    account: str
    where: str
    what: str

    def describe(self) -> str:
        """One line for people."""
        return f"invariant {self.invariant} ({INVARIANTS[self.invariant]}): {self.where}: {self.what}"


@dataclass(slots=True)
class AccountBooks:
    """One account folded so far; `state` is None when the fold began at a checkpoint and knows money only."""

    account: str
    seq: int = 0
    head: str = GENESIS
    ts_ms: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    escrow: dict[str, int] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    state: dict[str, Any] | None = field(default_factory=dict)
    _keys: set[bytes] = field(default_factory=set)

    def add(self, row: Mapping[str, Any], *, now_ms: int) -> Iterator[Violation]:
        """Judge the account's next row and fold it, whatever it is: one bad row is not to hide the next."""
        place = str(row["_id"])
        if not is_row(row):
            self.seq += 1
            yield Violation(3, self.account, place, "it has not the form of a row")
            return
        for invariant, what in self._faults(row, now_ms=now_ms):
            yield Violation(invariant, self.account, place, what)

    def _faults(self, row: Mapping[str, Any], *, now_ms: int) -> Iterator[tuple[int, str]]:
        yield from self._chain_faults(row)
        yield from _leg_faults(row, self.account)
        yield from _refusal_faults(row, self.balances)
        if row.get("open") and now_ms - row["ts"] > OPEN_AT_MOST_MS:
            yield 6, f"open since {row['ts']}"
        self.seq, self.head, self.ts_ms = row["seq"], row["h"], max(self.ts_ms, row["ts"])
        if self.state is not None:
            _fold_state(self.state, row)
        yield from self._money_faults(row)
        yield from self._claim_faults(row)

    def _chain_faults(self, row: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        if row["_id"] != f"{self.account}:{row['seq']}" or row["acct"] != self.account:
            yield 3, "the id is not the account and the number"
        if row["seq"] != self.seq + 1:
            yield 3, f"follows number {self.seq}"
        if row["ph"] != self.head:
            yield 3, "does not name the hash of the row before it"
        if row_hash(row) != row["h"]:
            yield 3, "its hash does not recompute"
        account, _, rest = str(row["k"]).partition(":")
        if account != self.account or rest.split(":", 1)[0] not in _MARKS:
            yield 3, "its key is not one of this account's"
        key = hashlib.blake2b(str(row["k"]).encode(), digest_size=16).digest()
        if key in self._keys:
            yield 3, "its key was used before"
        self._keys.add(key)
        if row["ts"] < self.ts_ms:
            yield 9, f"at {row['ts']}, after a row at {self.ts_ms}"

    def _money_faults(self, row: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        for amounts, account in ((self.balances, self.account), (self.escrow, f"escrow:{self.account}")):
            for leg in row["legs"]:
                if leg["a"] == account:
                    amounts[leg["c"]] = amounts.get(leg["c"], 0) + leg["d"]
            for currency, amount in amounts.items():
                if not 0 <= amount <= INT64_MAX and any(leg["c"] == currency for leg in row["legs"]):
                    yield 2, f"{account} has {amount} {currency}"

    def _claim_faults(self, row: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        if not row["ok"]:
            return
        if row["kind"] == CLAIM_KIND:
            terms = row["set"].get("claim.open")
            if not isinstance(terms, dict) or type(terms.get("credits")) is not int:
                yield 8, "a claim without its terms"
                return
            self.claims[str(terms.get("id"))] = terms["credits"]
        elif row["kind"] in (CONFIRM_KIND, REFUND_KIND):
            if self.claims.pop(str(row["res"].get("claimId")), None) is None:
                yield 8, f"settles claim {row['res'].get('claimId')}, which is not open"
        else:
            return
        waiting, held = sum(self.claims.values()), self.escrow.get("AIBA", 0)
        if waiting != held:
            yield 8, f"escrow holds {held} AIBA, open claims {waiting}"

    def close(self, player: Mapping[str, Any]) -> Iterator[Violation]:
        """Compare with the stored player, once exactly the rows up to its number are folded."""
        for invariant, what in self._player_faults(player):
            yield Violation(invariant, self.account, str(player["_id"]), what)

    def _player_faults(self, player: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
        if player["seq"] != self.seq:
            yield 4, f"the player is at {player['seq']}, the rows end at {self.seq}"
            return
        if player["h"] != self.head:
            yield 4, "the player's head is not the hash of its last row"
        for name, amounts in (("bal", self.balances), ("esc", self.escrow)):
            if _nonzero(player[name]) != _nonzero(amounts):
                yield 4, f"{name} is {_nonzero(player[name])}, the rows say {_nonzero(amounts)}"
        if self.seq and player["ts"] != self.ts_ms:
            yield 4, f"the player's time is {player['ts']}, the last row's {self.ts_ms}"
        if self.state is None:
            return
        stored = {name: value for name, value in player.items() if name not in _NOT_STATE}
        differing = sorted(
            name for name in stored.keys() | self.state.keys() if stored.get(name) != self.state.get(name)
        )
        if differing:
            yield 4, f"{', '.join(differing)} is not what the rows say"


def is_row(document: Mapping[str, Any]) -> bool:
    """Whether a document has every field of a row in its own type, so that the rest may rely on it."""
    return (
        _has_form(document, _ROW_FORM)
        and all(_has_form(leg, _LEG_FORM) for leg in document["legs"])
        and all([type(part) for part in hold] == [str, int] for hold in document["bud"])
    )


def is_player(document: Mapping[str, Any]) -> bool:
    """Whether a document has every field of a player in its own type."""
    return _has_form(document, _PLAYER_FORM)


def _has_form(document: Any, form: Mapping[str, type]) -> bool:
    return isinstance(document, Mapping) and all(
        type(document.get(name)) is kind for name, kind in form.items()
    )


def holds_of(row: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """What an accepted row took from budgets: (budget id, units)."""
    if row["ok"]:
        yield from ((str(budget), int(amount)) for budget, amount in row["bud"])


def transit_of(row: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """What a row moved into (or, negative, out of) transit: (second half's key, currency) -> units."""
    moved: dict[tuple[str, str], int] = {}
    for leg in row["legs"]:
        if leg["a"].startswith(TRANSIT):
            place = (leg["a"].removeprefix(TRANSIT), leg["c"])
            moved[place] = moved.get(place, 0) + leg["d"]
    return moved


def transit_faults(row: Mapping[str, Any], second_halves: Mapping[str, Mapping[str, Any]]) -> list[Violation]:
    """A closed first half must be paid out: each key it waits for is a row that takes the same amounts."""
    if row.get("open"):
        return []
    faults = []
    for (key, currency), amount in transit_of(row).items():
        taken = transit_of(second_halves[key]).get((key, currency), 0) if key in second_halves else 0
        if amount > 0 and amount + taken != 0:
            what = f"closed, but {amount} {currency} in transit became {-taken} under {key}"
            faults.append(Violation(6, str(row["acct"]), str(row["_id"]), what))
    return faults


def _leg_faults(row: Mapping[str, Any], account: str) -> Iterator[tuple[int, str]]:
    totals: dict[str, int] = {}
    own = {account, f"escrow:{account}"}
    for leg in row["legs"]:
        if leg["c"] not in CURRENCIES:
            yield 1, f"{leg['c']} is no currency"
        if leg["a"] not in own and leg["a"] not in _SYSTEM and not leg["a"].startswith(TRANSIT):
            yield 1, f"a leg on {leg['a']}, which is not this account's"
        totals[leg["c"]] = totals.get(leg["c"], 0) + leg["d"]
    for currency, total in totals.items():
        if total:
            yield 1, f"{currency} sums to {total}"
    if not row["ok"] and (row["legs"] or row["bud"]):
        yield 1, "a refusal moves nothing"
    name = _MINTED_UNDER_CAP
    minted = -sum(leg["d"] for leg in row["legs"] if (leg["a"], leg["c"]) == ("sys:emission", name))
    held = sum(amount for budget, amount in holds_of(row) if budget.split(":", 1)[0] == name)
    if minted != held:
        yield 5, f"minted {minted} {name}, held {held}"


def _refusal_faults(row: Mapping[str, Any], balances: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    if row["ok"] or row["res"].get("code") != "insufficient_funds":
        return
    said = row["res"].get("extra")
    said = said if isinstance(said, dict) else {}
    have, need = balances.get(str(said.get("currency")), 0), str(said.get("need"))
    if said.get("have") != str(have) or not need.isdecimal() or int(need) <= have:
        yield 7, f"refused {need} {said.get('currency')} with {have} there"


def _fold_state(state: dict[str, Any], row: Mapping[str, Any]) -> None:
    for path, value in row["set"].items():
        *steps, last = path.split(".")
        place = state
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = _copied(value)
    for path in row["unset"]:
        *steps, last = path.split(".")
        found: Any = state
        for step in steps:
            found = found.get(step, {}) if isinstance(found, dict) else {}
        if isinstance(found, dict):
            found.pop(last, None)


def _copied(value: Any) -> Any:
    """Containers copied, so that a later path inside one does not change the row it came from."""
    if isinstance(value, Mapping):
        return {name: _copied(entry) for name, entry in value.items()}
    return [_copied(entry) for entry in value] if isinstance(value, list) else value


def _nonzero(amounts: Mapping[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in sorted(amounts.items()) if amount}
