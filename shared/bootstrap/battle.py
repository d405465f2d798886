"""The battle function's dependencies: the game, and the only holder of the battle secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.edge import edge_wiring
from shared.bootstrap.http_function import HttpFunction, OnDemand, Started
from shared.bootstrap.stores import Stores
from shared.config.functions.battle import BattleSettings

if TYPE_CHECKING:
    from shared.services.commit import Committer
    from shared.services.fairness_secrets import FairnessSecrets
    from shared.services.read_leaderboard import Leaderboards


@dataclass(frozen=True, slots=True)
class BattleParts:
    """The ledger, the day's chance and the boards."""

    committer: Committer
    fairness: FairnessSecrets
    leaderboards: Leaderboards


def battle_secrets(settings: BattleSettings) -> tuple[bytes, ...]:
    """The secret that days are committed to from now on, then the other one while a rotation lasts."""
    return tuple(secret.encode() for secret in settings.battle_seed_secrets)


def start_battle(settings: BattleSettings) -> Started[BattleParts]:
    """The edge of the battle function, and its parts on demand."""
    stores = Stores("battle", runtime=settings.runtime, database=settings.database)
    edge = edge_wiring(
        stores,
        cors_origins=settings.cors_origins,
        limiter=settings.limiter,
        session_public_keys=settings.session_public_keys,
    )
    return Started(edge, OnDemand(lambda: _parts(stores, battle_secrets(settings))))


def _parts(stores: Stores, secrets: tuple[bytes, ...]) -> BattleParts:
    from shared.adapters.mongo_boards import MongoBoardStore
    from shared.adapters.mongo_fairness import MongoFairnessStore
    from shared.adapters.mongo_watermarks import MongoWatermarks
    from shared.services.fairness_secrets import FairnessSecrets
    from shared.services.read_leaderboard import Leaderboards

    return BattleParts(
        committer=stores.committer,
        fairness=FairnessSecrets(MongoFairnessStore(stores.database), stores.clock, lambda: secrets),
        leaderboards=Leaderboards(
            MongoBoardStore(stores.database), MongoWatermarks(stores.database), stores.clock
        ),
    )


battle_parts = HttpFunction(BattleSettings, start_battle)
