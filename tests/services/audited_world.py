"""A world worth auditing: every kind of row, honestly made, and hands to forge its documents with."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.domain.claim_decision import ClaimWish, SeenSeqno, decide_claim
from shared.domain.claims import VaultIdentity, claim_of_row, refunded_effect, settle_name
from shared.domain.errors import Refused
from shared.domain.ledger import SYSTEM_FINGERPRINT, client_key, row_hash, system_key
from shared.services.buy_broker import buy_broker
from shared.services.claim_daily_login import claim_daily_login
from shared.services.train_broker import train_broker
from shared.services.use_referral import use_referral
from tests.services.game_world import GameWorld

VAULT = VaultIdentity(
    network=-3, vault="0:" + "a" * 64, jetton_master="0:" + "b" * 64, units_per_credit=10**9
)
WALLET = {"address": "0:" + "c" * 64, "network": -3, "linkedMs": 1}


def claim(world: GameWorld, account: str, key: str, *, credits: int = 10) -> Any:
    """The escrow row of a claim, without signer and chain."""
    stored_key = client_key(account, key)
    outcome = world.committer.commit(
        account=account,
        key=stored_key,
        fingerprint="f",
        decide=lambda context: decide_claim(
            context.player,
            ClaimWish(credits, stored_key, SeenSeqno(str(WALLET["address"]), 0)),
            economy=context.config.economy,
            vault=VAULT,
            now_ms=context.now_ms,
            is_capped=False,
        ),
    )
    outcome.answer()
    return claim_of_row(outcome.row)


def refund(world: GameWorld, claimed: Any) -> None:
    terms = claimed.terms
    world.committer.commit(
        account=terms.account,
        key=system_key(terms.account, settle_name(terms.id)),
        fingerprint=SYSTEM_FINGERPRINT,
        decide=lambda _: refunded_effect(claimed, why="test", answer={}),
        scope=None,
    )


def busy_world(**options: Any) -> GameWorld:
    """Two players: battles, refusals, daily login, training, a referral, a refunded and an open claim."""
    world = GameWorld(**options)
    ann, ben = world.player_with_starter(1), world.player_with_starter(2)
    committer = world.committer
    for account in (ann, ben):
        world.change(account, wallet=WALLET)
        for mode in ("prediction", "arbitrage"):
            world.battle(account, f"b-{mode}", mode=mode).answer()
    claim_daily_login(ann, key="login", fingerprint="f", committer=committer)
    train_broker(ann, "starter", "speed", key="train", fingerprint="f", committer=committer).answer()
    with contextlib.suppress(Refused):
        buy_broker(ben, "champion", key="poor", fingerprint="f", committer=committer).answer()
    code = committer.read_player(ann).state["referralCode"]
    use_referral(ben, code, key="ref", fingerprint="f", committer=committer, codes=world.codes).answer()
    refund(world, claim(world, ann, "claim-1"))
    claim(world, ann, "claim-2", credits=11)
    world.clock.advance(seconds=1)
    return world


class Forger:
    """Changes stored documents of a FakeLedgerStore, with or without making the hashes right again."""

    def __init__(self, world: GameWorld) -> None:
        self.world = world
        self.store = world.store

    def row(self, row_id: str, change: Callable[[dict], Any], *, reseal: bool = True) -> None:
        """Change one row; resealed, the forger also recomputes every later hash and the player's head."""
        document = self.store.rows[row_id]
        change(document)
        if reseal:
            self.reseal(document["acct"])

    def reseal(self, account: str) -> None:
        head = "0" * 64
        rows = sorted((row for row in self.store.rows.values() if row["acct"] == account), key=_seq)
        for row in rows:
            row["ph"] = head
            row["h"] = head = row_hash(row)
        self.player(account, head=head)

    def player(self, account: str, **changes: Any) -> None:
        self.store.players[account] = replace(self.store.players[account], **changes)

    def first(self, account: str, kind: str, *, ok: bool = True) -> str:
        rows = [row for row in self.store.rows.values() if row["acct"] == account]
        return next(row["_id"] for row in sorted(rows, key=_seq) if (row["kind"], row["ok"]) == (kind, ok))

    def copy(self, row_id: str) -> dict:
        return copy.deepcopy(self.store.rows[row_id])


def _seq(row: dict) -> int:
    return row["seq"]
