"""Whatever is played while a backup is made, and however often that stops, the copy's ledger holds."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from random import Random  # noqa: TID251 - the seed is printed, so that a failure can be run again
from typing import Any

import pytest

from infra.ops.backup.export import export_database
from infra.ops.backup.restore import compare_digests, restore_database
from infra.ops.backup.tails import cut_tails
from infra.ops.verify_ledger import verify_database
from shared.domain.errors import ArenaError
from shared.services.use_referral import use_referral
from tests.services.audited_world import WALLET, claim, refund


class LivingGame:
    """Registers, refers, claims and battles at random between two chunks of a backup."""

    def __init__(self, world: Any, random: Random) -> None:
        self.world, self.random = world, random
        self.players = ["tg1", "tg2"]

    def progress(self, *_: object) -> None:
        for _ in range(self.random.randrange(4)):
            self.world.clock.advance(seconds=self.random.choice([1, 60, 3600]))
            with contextlib.suppress(ArenaError):
                self.random.choice([self.register, self.refer, self.claim, self.battle, self.battle])()
        if self.random.random() < 0.15:
            raise KeyboardInterrupt

    def register(self) -> None:
        account = self.world.player_with_starter(self.random.randrange(3, 60))
        self.world.change(account, wallet=WALLET)
        self.players.append(account)

    def refer(self) -> None:
        account, friend = self.random.choice(self.players), self.random.choice(self.players)
        code = self.world.committer.read_player(friend).state["referralCode"]
        parts = {"committer": self.world.committer, "codes": self.world.codes}
        use_referral(account, code, key=self.key(), fingerprint="f", **parts)

    def claim(self) -> None:
        claimed = claim(self.world, self.random.choice(self.players), self.key(), credits=1)
        if self.random.random() < 0.5:
            refund(self.world, claimed)

    def battle(self) -> None:
        self.world.battle(self.random.choice(self.players), self.key())

    def key(self) -> str:
        return f"k{self.world.clock.now_ms()}"


@pytest.mark.parametrize("_", range(3))
def test_the_copy_of_a_living_game_holds(
    world: Any, mongo_database: Any, mongo_uri: str, scratch: Any, tmp_path: Path, _: int
) -> None:
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    game, manifest = LivingGame(world, Random(seed)), None
    while manifest is None:
        with contextlib.suppress(KeyboardInterrupt):
            manifest = export_database(
                mongo_database, tmp_path, now_ms=world.clock.now_ms, progress=game.progress, chunk_documents=2
            )
    restore_database(tmp_path, manifest, scratch, progress=lambda *_: None)
    compare_digests(manifest, scratch)
    cut_tails(scratch, began_ms=manifest.began_ms)
    assert verify_database(mongo_uri, scratch.name, now_ms=manifest.began_ms).violations == []
