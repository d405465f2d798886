"""The double-entry check in one pass: every row sums to zero, and every player is the fold of their rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from pymongo import MongoClient

from shared.adapters.mongo_ledger import player_from_document
from shared.domain.ledger import row_document, row_from_document
from shared.domain.player import Player, project


@dataclass(slots=True)
class Books:
    """Sums per account class and currency; players' balances and escrow are added up under one name each."""

    rows: int = 0
    sums: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    faults: list[str] = field(default_factory=list)

    def system(self, name: str, currency: str) -> int:
        """What a system account received over all."""
        return self.sums[f"sys:{name}"][currency]


def trial_balance(uri: str, database: str) -> Books:
    """Read every row and player of a (small) database; `faults` says what does not agree."""
    books = Books()
    players: dict[str, Player] = {}
    with MongoClient[dict[str, object]](uri) as client:
        rows = [row_from_document(document) for document in client[database]["ledger"].find()]
        stored = {d["_id"]: player_from_document(d) for d in client[database]["players"].find()}
    for row in sorted(rows, key=lambda row: (row.account, row.seq)):
        books.rows += 1
        if row_document(row)["ph"] != players.get(row.account, Player(row.account)).head:
            books.faults.append(f"{row.id}: the chain of hashes is broken")
        players[row.account] = project(players.get(row.account, Player(row.account)), row)
        for leg in row.legs:
            kind = leg.account.split(":")[0]
            name = leg.account if kind == "sys" else {"escrow": "escrow"}.get(kind, "players")
            books.sums[name][leg.currency] += leg.delta
    for name, player in players.items():
        found = stored.get(str(name))
        if found is None or (found.balances, found.escrow, found.head) != (
            player.balances,
            player.escrow,
            player.head,
        ):
            books.faults.append(f"{name}: the player is not the fold of the rows")
    totals: dict[str, int] = defaultdict(int)
    for by_currency in books.sums.values():
        for currency, amount in by_currency.items():
            totals[currency] += amount
    books.faults += [f"{currency} does not sum to zero" for currency, total in totals.items() if total]
    return books
