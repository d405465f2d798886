"""Players with honest histories, written in bulk: rows that chain, and the players that are their fold."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from pymongo.database import Database

from shared.adapters.mongo_indexes import ensure_indexes
from shared.domain.brokers import broker_document, broker_path, starter_broker
from shared.domain.calendar import utc_day
from shared.domain.game_config import GameConfig
from shared.domain.ledger import Leg, Row, row_document, system_key
from shared.domain.player import Player, project

WRITTEN_AT_ONCE: Final = 1_000
Document = dict[str, Any]


def seed_players(
    database: Database[Document], *, players: int, rows_each: int, config: GameConfig, now_ms: int
) -> None:
    """Fill an empty database with `players`, each the fold of its `rows_each` rows; the last is now."""
    ensure_indexes(database)
    rows: list[Document] = []
    stored: list[Document] = []
    for number in range(players):
        player = Player(account_name(number), ts_ms=now_ms)
        for row in _history(player, rows_each, config=config, now_ms=now_ms):
            rows.append(row_document(row))
            player = project(player, row)
        stored.append(_player_document(player))
        if len(rows) >= WRITTEN_AT_ONCE:
            _flush(database, rows, stored)
    _flush(database, rows, stored)


def account_name(number: int) -> str:
    """The account of the n-th seeded player."""
    return f"tg{900_000_000 + number}"


def _history(player: Player, count: int, *, config: GameConfig, now_ms: int) -> Iterator[Row]:
    """The first row gives a broker, the others a little NEUR each, none of it from a budget."""
    broker = starter_broker(economy=config.economy, now_ms=now_ms)
    for seq in range(1, count + 1):
        row = Row(
            account=player.id,
            seq=seq,
            key=system_key(player.id, f"seed:{seq}"),
            fingerprint="system",
            ok=True,
            kind="seed",
            ts_ms=now_ms,
            day=utc_day(now_ms),
            config_revision=config.revision,
            legs=(Leg("sys:opening", "NEUR", -5), Leg(player.id, "NEUR", 5)),
            changes={broker_path(broker.id): broker_document(broker), "starter": 1} if seq == 1 else {},
            removals=(),
            holds=(),
            attempt=f"seed-{player.id}-{seq}",
            answer={},
            previous_hash=player.head,
        )
        yield row
        player = project(player, row)


def _player_document(player: Player) -> Document:
    money = {"bal": dict(player.balances), "esc": dict(player.escrow)}
    return {
        "_id": player.id,
        "seq": player.seq,
        "ts": player.ts_ms,
        "h": player.head,
        **money,
        **player.state,
    }


def _flush(database: Database[Document], rows: list[Document], players: list[Document]) -> None:
    """Rows first, as always."""
    for collection, documents in (("ledger", rows), ("players", players)):
        remaining = iter(documents)
        while page := list(islice(remaining, WRITTEN_AT_ONCE)):
            database[collection].insert_many(page, ordered=False)
        documents.clear()
