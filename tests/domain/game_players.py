"""Players, brokers and wishes as the domain's tests need them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.domain.battle import BattleWish, decide_battle
from shared.domain.brokers import Broker, broker_document, starter_broker
from shared.domain.fairness import DaySeed
from shared.domain.game_config import GameConfig, default_config
from shared.domain.ledger import Decision
from shared.domain.player import Player

NOW_MS = 1_795_000_000_000
DAY_SEED = DaySeed("2026-11-18", b"a day's seed that is only for the tests")


def broker(broker_id: str = "b1", **changes: Any) -> Broker:
    base = starter_broker(economy=default_config().economy, now_ms=NOW_MS)
    return replace(base, id=broker_id, **changes)


def player(*brokers: Broker, neur: int = 0, aiba: int = 0, **state: Any) -> Player:
    owned = {each.id: broker_document(each) for each in brokers}
    return Player(
        id="ann",
        seq=7,
        ts_ms=NOW_MS,
        balances={"NEUR": neur, "AIBA": aiba},
        state={"brokers": owned, **state},
    )


def fight(
    who: Player,
    *,
    broker_id: str = "b1",
    mode: str = "prediction",
    key: str = "k",
    config: GameConfig | None = None,
    block: str | None = None,
    now_ms: int = NOW_MS,
    seed: DaySeed = DAY_SEED,
) -> Decision:
    return decide_battle(
        who,
        BattleWish(broker_id, mode, key),
        config=config or default_config(),
        day_seed=seed,
        emission_block=block,
        now_ms=now_ms,
    )


def with_mode(key: str, **changes: Any) -> GameConfig:
    config = default_config()
    return replace(config, modes={**config.modes, key: replace(config.modes[key], **changes)})


def with_economy(**changes: Any) -> GameConfig:
    config = default_config()
    return replace(config, economy=replace(config.economy, **changes))
