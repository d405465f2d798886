"""Provably fair chance: a day's seed, its public commitment, and the seed of one battle.

Whoever holds the secret can foresee outcomes; nobody can change them after the commitment is public.
A player recomputes a battle from the published day seed and what the battle stored.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.calendar import MS_PER_DAY, MS_PER_HOUR, day_start_ms
from shared.domain.errors import Refused
from shared.domain.modes import score_rules_from_bps
from shared.domain.score import Fighter, first_draw, score_of

PUBLISHED_AFTER_MS: Final = MS_PER_HOUR
"""A day's seed is public from 01:00 UTC of the next day."""

LAST_ROW_AFTER_MS: Final = 10 * 60 * 1_000
"""No row of a day is written from 00:10 UTC of the next day, 50 minutes before its seed is public."""


@dataclass(frozen=True, slots=True)
class BattleTicket:
    """What, besides the day's seed, decides the chance of a battle; `key` is the client's own key."""

    player: str
    broker: str
    mode: str
    arena: str
    league: str
    key: str

    @property
    def message(self) -> str:
        """The text the day seed is keyed over; only the key may contain colons, and it comes last."""
        return ":".join((self.player, self.broker, self.mode, self.arena, self.league, self.key))


def epoch_name(day: str, epoch: int) -> str:
    """`2026-11-22`, or `2026-11-22:1` after a compromise made a new secret take effect within the day."""
    return day if epoch == 0 else f"{day}:{epoch}"


def day_of_epoch(name: str) -> str:
    """The UTC day an epoch's name belongs to."""
    return name.partition(":")[0]


def day_seed(secret: bytes, epoch: str) -> bytes:
    """HMAC-SHA256(secret, "day:<epoch>"), 32 bytes."""
    return hmac.new(secret, f"day:{epoch}".encode(), hashlib.sha256).digest()


def commitment_of(seed: bytes) -> str:
    """sha256 of a day's seed, hex: public before the first battle of the day."""
    return hashlib.sha256(seed).hexdigest()


def key_id_of(secret: bytes) -> str:
    """A public name of a secret that says nothing about it: 16 hex digits of a keyed hash."""
    return hmac.new(secret, b"key-id", hashlib.sha256).hexdigest()[:16]


def battle_seed(seed_of_day: bytes, ticket: BattleTicket) -> int:
    """The first 32 bits, big-endian, of HMAC-SHA256(daySeed, message)."""
    digest = hmac.new(seed_of_day, ticket.message.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:4], "big")


def published_at_ms(epoch: str) -> int:
    """When the seed of the epoch's day becomes public."""
    return day_start_ms(day_of_epoch(epoch)) + MS_PER_DAY + PUBLISHED_AFTER_MS


def last_row_before_ms(epoch: str) -> int:
    """From this instant on no battle may be written with the epoch's seed."""
    return day_start_ms(day_of_epoch(epoch)) + MS_PER_DAY + LAST_ROW_AFTER_MS


@dataclass(frozen=True, slots=True)
class DaySeed:
    """The chance of a day: its epoch's public name and the secret 32 bytes behind its commitment."""

    epoch: str
    seed: bytes


@dataclass(frozen=True, slots=True)
class FairnessRecord:
    """What the public may know of an epoch; `seed` is empty until its day is over, then hex.

    `note` tells the public why a day has more than one epoch.
    """

    epoch: str
    commitment: str
    key_id: str
    created_ms: int
    seed: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class BattleProof:
    """What a battle stores so that anyone can recompute it; scoring numbers are basis points."""

    epoch: str
    commitment: str
    ticket: BattleTicket
    seed: int
    fighter: Fighter
    rules_bps: tuple[int, int, int, int, int]
    score: int


def disagreements(proof: BattleProof, seed_of_day: bytes) -> list[str]:
    """What of the battle does not follow from the published seed; empty when all of it does."""
    wrong: list[str] = []
    if not hmac.compare_digest(commitment_of(seed_of_day), proof.commitment):
        wrong.append("commitment")
    seed = battle_seed(seed_of_day, proof.ticket)
    if seed != proof.seed:
        wrong.append("seed")
    if score_of(proof.fighter, score_rules_from_bps(proof.rules_bps), draw=first_draw(seed)) != proof.score:
        wrong.append("score")
    return wrong


def proof_document(proof: BattleProof) -> dict[str, Any]:
    """The proof as battles store and publish it: strings and whole numbers only."""
    ticket, fighter = proof.ticket, proof.fighter
    weights = dict(zip(("intelligence", "speed", "risk"), proof.rules_bps[:3], strict=True))
    return {
        "epoch": proof.epoch,
        "commitment": proof.commitment,
        "player": ticket.player,
        "brokerId": ticket.broker,
        "mode": ticket.mode,
        "arena": ticket.arena,
        "league": ticket.league,
        "key": ticket.key,
        "seed": proof.seed,
        "broker": {
            "intelligence": fighter.intelligence,
            "speed": fighter.speed,
            "risk": fighter.risk,
            "level": fighter.level,
        },
        "weightsBps": weights,
        "leagueMultiplierBps": proof.rules_bps[3],
        "varianceBaseBps": proof.rules_bps[4],
        "score": proof.score,
    }


def proof_from_document(document: Mapping[str, Any]) -> BattleProof:
    """Read a proof back; Refused `invalid_proof` when anything is missing or of another type."""
    try:
        broker, weights = document["broker"], document["weightsBps"]
        return BattleProof(
            epoch=str(document["epoch"]),
            commitment=str(document["commitment"]),
            ticket=BattleTicket(
                player=str(document["player"]),
                broker=str(document["brokerId"]),
                mode=str(document["mode"]),
                arena=str(document["arena"]),
                league=str(document["league"]),
                key=str(document["key"]),
            ),
            seed=int(document["seed"]),
            fighter=Fighter(*(int(broker[name]) for name in ("intelligence", "speed", "risk", "level"))),
            rules_bps=(
                int(weights["intelligence"]),
                int(weights["speed"]),
                int(weights["risk"]),
                int(document["leagueMultiplierBps"]),
                int(document["varianceBaseBps"]),
            ),
            score=int(document["score"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("This is not a battle's proof", code="invalid_proof") from error
