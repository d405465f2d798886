"""What players see of themselves: balances, brokers as they are now, and when the next things happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.domain.bans import standing_bans
from shared.domain.battle import win_streak
from shared.domain.broker_actions import broker_answer
from shared.domain.brokers import CATALOGUE, brokers_of
from shared.domain.calendar import iso_time
from shared.domain.daily_login import daily_answer
from shared.domain.money import CURRENCIES

if TYPE_CHECKING:
    from shared.domain.game_config import Economy
    from shared.domain.player import Player
    from shared.services.commit import Committer


def read_me(account: str, *, committer: Committer) -> dict[str, Any]:
    """Everything the game's first screen needs, with the server's own time beside it."""
    player = committer.read_player(account)
    now_ms = max(committer.clock.now_ms(), player.ts_ms)
    economy = committer.configs.current().economy
    return {
        "serverTime": iso_time(now_ms),
        "alias": player.state.get("alias", ""),
        "balances": {name: str(player.balance(name)) for name in CURRENCIES},
        "escrow": {name: str(amount) for name, amount in sorted(player.escrow.items()) if amount},
        "brokers": _brokers(player, economy=economy, now_ms=now_ms),
        "canTakeStarter": not player.state.get("starter", 0),
        "winStreak": win_streak(player).at(now_ms),
        "daily": daily_answer(player, economy=economy, now_ms=now_ms),
        "isWalletLinked": "wallet" in player.state,
        "bans": standing_bans(player, now_ms=now_ms),
    }


def read_brokers(account: str, *, committer: Committer) -> list[dict[str, Any]]:
    """The player's brokers with the energy they have now."""
    player = committer.read_player(account)
    now_ms = max(committer.clock.now_ms(), player.ts_ms)
    return _brokers(player, economy=committer.configs.current().economy, now_ms=now_ms)


def _brokers(player: Player, *, economy: Economy, now_ms: int) -> list[dict[str, Any]]:
    return [
        broker_answer(broker, economy=economy)
        for broker in brokers_of(player, economy=economy, now_ms=now_ms)
    ]


def read_catalogue() -> list[dict[str, Any]]:
    """The brokers for sale, cheapest first."""
    return [
        {
            "id": catalogue_id,
            "name": entry.name,
            "intelligence": entry.intelligence,
            "speed": entry.speed,
            "risk": entry.risk,
            "priceAiba": str(entry.price_aiba),
        }
        for catalogue_id, entry in CATALOGUE.items()
    ]
