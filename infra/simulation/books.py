"""An auditor of its own: the ledger's nine invariants from the collections alone, without the domain's code.

It knows documents, not services; what it finds wrong it says in words that name the row.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Document = Mapping[str, Any]
GENESIS: Final = "0" * 64
FUNDS: Final = "insufficient_funds"


@dataclass(slots=True)
class Account:
    """One account as its rows make it."""

    balances: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    escrow: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    state: dict[str, Any] = field(default_factory=dict)
    seq: int = 0
    head: str = GENESIS
    ts: int = 0


@dataclass(slots=True)
class Books:
    """The collections ledger, players and budget, read once; `leaked` units were held and never used."""

    ledger: Sequence[Document]
    players: Sequence[Document]
    budget: Sequence[Document]
    accounts: dict[str, Account] = field(default_factory=lambda: defaultdict(Account))
    leaked: int = 0

    def problems(self) -> list[str]:
        """Everything that is wrong, in a stable order; call it once."""
        rows = sorted(self.ledger, key=lambda row: (row["acct"], row["seq"]))
        found = list(self._keys(rows))
        for row in rows:
            found += self._row(row)
        found += [*self._players(), *self._budgets(rows), *self._escrow(rows), *self._transit(rows)]
        return found

    def _keys(self, rows: list[Document]) -> Iterator[str]:
        seen: set[str] = set()
        for row in rows:
            if row["k"] in seen:
                yield f"3: the key {row['k']} was committed twice"
            seen.add(row["k"])
            if row.get("open"):
                yield f"6: {row['_id']} is still open"

    def _row(self, row: Document) -> Iterator[str]:
        account, name = self.accounts[row["acct"]], row["_id"]
        if row["seq"] != account.seq + 1 or name != f"{row['acct']}:{row['seq']}":
            yield f"3: {name} does not follow {account.seq}"
        if row["ph"] != account.head or row["h"] != _hash(row):
            yield f"3: the chain of hashes breaks at {name}"
        if row["ts"] < account.ts:
            yield f"9: time runs backwards at {name}"
        if not row["ok"] and row["legs"]:
            yield f"1: the refusal {name} moves money"
        if not row["ok"] and row["res"]["code"] == FUNDS:
            yield from _unjust_refusal(account, row)
        yield from self._post(account, row)
        for path, value in row["set"].items():
            _set(account.state, path.split("."), value)
        for path in row["unset"]:
            _unset(account.state, path.split("."))
        account.seq, account.head, account.ts = row["seq"], row["h"], row["ts"]

    def _post(self, account: Account, row: Document) -> Iterator[str]:
        sums: dict[str, int] = defaultdict(int)
        for leg in row["legs"]:
            sums[leg["c"]] += leg["d"]
            if leg["a"] == row["acct"]:
                account.balances[leg["c"]] += leg["d"]
            elif leg["a"] == f"escrow:{row['acct']}":
                account.escrow[leg["c"]] += leg["d"]
            elif not leg["a"].startswith(("sys:", "transit:")):
                yield f"1: {row['_id']} moves the money of {leg['a']}"
        if any(sums.values()):
            yield f"1: the legs of {row['_id']} do not sum to zero"
        if min((*account.balances.values(), *account.escrow.values(), 0)) < 0:
            yield f"2: a balance is negative at {row['_id']}"

    def _players(self) -> Iterator[str]:
        stored = {player["_id"]: player for player in self.players}
        for name in sorted({*stored, *self.accounts}):
            player, account = stored.get(name), self.accounts[name]
            if player is None:
                yield f"4: {name} has rows and no player"
                continue
            kept = {field: value for field, value in player.items() if field not in ("_id", "ts")}
            state = {
                field: kept.pop(field) for field in list(kept) if field not in ("seq", "h", "bal", "esc")
            }
            if (kept["seq"], kept["h"]) != (account.seq, account.head):
                yield f"4: {name} stands at {kept['seq']}, its rows end at {account.seq}"
            if _nonzero(kept["bal"]) != _nonzero(account.balances):
                yield f"4: {name} has {kept['bal']}, its rows say {dict(account.balances)}"
            if _nonzero(kept["esc"]) != _nonzero(account.escrow):
                yield f"4: {name} has {kept['esc']} in escrow, its rows say {dict(account.escrow)}"
            if _pruned(state) != _pruned(account.state):
                yield f"4: the state of {name} is not the fold of its rows"

    def _budgets(self, rows: list[Document]) -> Iterator[str]:
        held: dict[str, int] = defaultdict(int)
        for row in rows:
            for shard, amount in row["bud"] if row["ok"] else ():
                held[shard] += amount
        shards = {shard["_id"]: shard for shard in self.budget if "avail" in shard}
        for name in sorted({*held, *shards}):
            shard = shards.get(name, {"cap": 0, "avail": 0})
            used = shard.get("cap", 0) - shard["avail"]
            if shard["avail"] < 0:
                yield f"5: {name} has {shard['avail']} left"
            if held[name] > used:
                yield f"5: rows hold {held[name]} of {name}, which gave {used}"
            self.leaked += max(used - held[name], 0)

    def _escrow(self, rows: list[Document]) -> Iterator[str]:
        settled = {row["k"].rsplit(":", 2)[1] for row in rows if row["k"].endswith(":settle")}
        waiting: dict[str, int] = defaultdict(int)
        for row in rows:
            if row["ok"] and row["kind"] == "claim" and row["res"]["claimId"] not in settled:
                waiting[row["acct"]] += row["set"]["claim.open"]["credits"]
        for name, account in sorted(self.accounts.items()):
            if account.escrow["AIBA"] != waiting[name]:
                yield f"8: {name} has {account.escrow['AIBA']} in escrow and {waiting[name]} in open claims"

    def _transit(self, rows: list[Document]) -> Iterator[str]:
        transit: dict[tuple[str, str], int] = defaultdict(int)
        for row in rows:
            for leg in row["legs"]:
                if leg["a"].startswith("transit:"):
                    transit[leg["a"], leg["c"]] += leg["d"]
        for (name, currency), amount in sorted(transit.items()):
            if amount:
                yield f"1: {amount} {currency} is still in {name}"


def _unjust_refusal(account: Account, row: Document) -> Iterator[str]:
    said = row["res"]["extra"]
    have = account.balances[said["currency"]]
    if str(have) != said["have"] or have >= int(said["need"]):
        yield f"7: {row['_id']} was refused for {said}, the account had {have}"


def _hash(row: Document) -> str:
    sealed = {name: value for name, value in row.items() if name not in ("h", "open")}
    text = json.dumps(sealed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _nonzero(amounts: Mapping[str, int]) -> dict[str, int]:
    return {name: int(amount) for name, amount in amounts.items() if amount}


def _pruned(state: Mapping[str, Any]) -> dict[str, Any]:
    """Without empty maps: one that lost its last entry and one that never was are the same."""
    kept = {name: _pruned(value) if isinstance(value, Mapping) else value for name, value in state.items()}
    return {name: value for name, value in kept.items() if value != {}}


def _set(state: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        state = state.setdefault(step, {})
    state[path[-1]] = json.loads(json.dumps(value))


def _unset(state: dict[str, Any], path: list[str]) -> None:
    for step in path[:-1]:
        if not isinstance(state.get(step), dict):
            return
        state = state[step]
    state.pop(path[-1], None)
