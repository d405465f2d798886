"""The battle function's dependencies: the game, and the only holder of the battle secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.edge import edge_wiring
from shared.bootstrap.stores import open_stores
from shared.bootstrap.wired import Wired
from shared.config.functions.battle import BattleSettings
from shared.services.fairness_secrets import FairnessSecrets
from shared.services.read_leaderboard import Leaderboards

if TYPE_CHECKING:
    from shared.services.commit import Committer
    from shared.wiring import EdgeWiring


@dataclass(frozen=True, slots=True)
class BattleParts:
    """The edge of the battle function, the ledger, the day's chance and the boards."""

    edge: EdgeWiring
    committer: Committer
    fairness: FairnessSecrets
    leaderboards: Leaderboards

    def close(self) -> None:
        """Give up every connection: before a snapshot, after a restore."""
        self.edge.close()


def battle_secrets(settings: BattleSettings) -> tuple[bytes, ...]:
    """The secret that days are committed to from now on, then the other one while a rotation lasts."""
    return tuple(secret.encode() for secret in settings.battle_seed_secrets)


def build_battle(settings: BattleSettings) -> BattleParts:
    """Pick the adapters of the battle function."""
    from shared.adapters.mongo_boards import MongoBoardStore
    from shared.adapters.mongo_fairness import MongoFairnessStore
    from shared.adapters.mongo_watermarks import MongoWatermarks

    stores = open_stores("battle", runtime=settings.runtime, database=settings.database)
    secrets = battle_secrets(settings)
    return BattleParts(
        edge=edge_wiring(
            stores,
            cors_origins=settings.cors_origins,
            limiter=settings.limiter,
            session_public_keys=settings.session_public_keys,
        ),
        committer=stores.committer,
        fairness=FairnessSecrets(MongoFairnessStore(stores.database), stores.clock, lambda: secrets),
        leaderboards=Leaderboards(
            MongoBoardStore(stores.database), MongoWatermarks(stores.database), stores.clock
        ),
    )


battle_parts = Wired(BattleSettings, build_battle)
