"""Brokers: the player's agents, their energy and cooldowns, and what is done with them besides battles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.calendar import MS_PER_SECOND
from shared.domain.errors import Refused
from shared.domain.score import MAX_STAT, STATS, Fighter

if TYPE_CHECKING:
    from shared.domain.game_config import Economy
    from shared.domain.player import Player

MAX_BROKERS: Final = 50
STARTER_STAT: Final = 50
STARTER_ID: Final = "starter"
TRAIN_XP: Final = 5
UPGRADE_STAT: Final = 2
UPGRADE_XP: Final = 10
COMBINE_XP: Final = 20


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A broker for sale: its stats and its price in AIBA."""

    name: str
    intelligence: int
    speed: int
    risk: int
    price_aiba: int


CATALOGUE: Final[Mapping[str, CatalogueEntry]] = {
    "scout": CatalogueEntry("Scout", 55, 55, 45, 50),
    "pro": CatalogueEntry("Pro", 65, 65, 55, 120),
    "elite": CatalogueEntry("Elite", 75, 75, 65, 250),
    "champion": CatalogueEntry("Champion", 85, 85, 75, 500),
}


@dataclass(frozen=True, slots=True)
class Ban:
    """A broker's ban by an administrator: until an instant, 0 for good."""

    until_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker as its player's document keeps it; stats 0-100.

    `energy` is what it had at `energy_at_ms` and grows by itself; `cooldowns` maps a mode's key to the
    instant it may battle there again.
    """

    id: str
    name: str
    intelligence: int
    speed: int
    risk: int
    energy: int
    energy_at_ms: int
    level: int = 1
    xp: int = 0
    cooldowns: Mapping[str, int] = field(default_factory=dict)
    ban: Ban | None = None

    @property
    def fighter(self) -> Fighter:
        return Fighter(self.intelligence, self.speed, self.risk, self.level)

    def rested(self, economy: Economy, *, now_ms: int) -> Broker:
        """The broker as it is now: energy grown by whole steps, past cooldowns forgotten.

        The energy clock advances by whole steps, so the fraction of the next point is kept.
        """
        step_ms = economy.battle_energy_regen_seconds_per_energy * MS_PER_SECOND
        gained = max(0, now_ms - self.energy_at_ms) // step_ms
        return replace(
            self,
            energy=min(economy.battle_max_energy, self.energy + gained),
            energy_at_ms=self.energy_at_ms + gained * step_ms,
            cooldowns={mode: ends_ms for mode, ends_ms in self.cooldowns.items() if ends_ms > now_ms},
        )

    def energy_reached_at_ms(self, energy: int, *, economy: Economy) -> int:
        """When a rested broker will have this much energy."""
        step_ms = economy.battle_energy_regen_seconds_per_energy * MS_PER_SECOND
        return self.energy_at_ms + max(0, energy - self.energy) * step_ms

    def is_banned(self, *, now_ms: int) -> bool:
        return self.ban is not None and (self.ban.until_ms == 0 or now_ms < self.ban.until_ms)


def new_broker(broker_id: str, name: str, fighter: Fighter, *, economy: Economy, now_ms: int) -> Broker:
    """A fresh broker: full of energy, without experience."""
    return Broker(
        id=broker_id,
        name=name,
        intelligence=fighter.intelligence,
        speed=fighter.speed,
        risk=fighter.risk,
        level=fighter.level,
        energy=economy.battle_max_energy,
        energy_at_ms=now_ms,
    )


def starter_broker(*, economy: Economy, now_ms: int) -> Broker:
    """The free first broker, one per player ever; its id can therefore be the same for everyone."""
    fighter = Fighter(STARTER_STAT, STARTER_STAT, STARTER_STAT, 1)
    return new_broker(STARTER_ID, "Starter", fighter, economy=economy, now_ms=now_ms)


def catalogue_broker(entry: CatalogueEntry, *, key: str, economy: Economy, now_ms: int) -> Broker:
    """A bought broker; its id is a hash of the request's key, so that a retry cannot make another."""
    broker_id = "b" + hashlib.sha256(key.encode()).hexdigest()[:15]
    fighter = Fighter(entry.intelligence, entry.speed, entry.risk, 1)
    return new_broker(broker_id, entry.name, fighter, economy=economy, now_ms=now_ms)


def trained(broker: Broker, stat: str) -> Broker:
    """One point more of a stat and a little experience."""
    return _raised(broker, stat, 1, xp=TRAIN_XP, levels=0)


def upgraded(broker: Broker, stat: str) -> Broker:
    """Two points more of a stat, never above the most, and a level."""
    return _raised(broker, stat, UPGRADE_STAT, xp=UPGRADE_XP, levels=1)


def repaired(broker: Broker, *, economy: Economy, now_ms: int) -> Broker:
    """Full energy and no cooldowns."""
    return replace(broker, energy=economy.battle_max_energy, energy_at_ms=now_ms, cooldowns={})


def combined(base: Broker, sacrifice: Broker) -> Broker:
    """The base with the mean of both brokers' stats, halves rounded up, and their experience together."""
    return replace(
        base,
        intelligence=_rounded_mean(base.intelligence, sacrifice.intelligence),
        speed=_rounded_mean(base.speed, sacrifice.speed),
        risk=_rounded_mean(base.risk, sacrifice.risk),
        xp=base.xp + sacrifice.xp + COMBINE_XP,
    )


def is_at_most(broker: Broker, stat: str) -> bool:
    """Whether the stat cannot rise any more."""
    return int(getattr(broker, stat)) >= MAX_STAT


def check_stat(stat: str) -> None:
    """Raise Refused `invalid_stat` unless it names one of the three."""
    if stat not in STATS:
        raise Refused(
            "stat is one of intelligence, speed, risk", code="invalid_stat", extra={"field": "stat"}
        )


def brokers_of(player: Player, *, economy: Economy, now_ms: int) -> list[Broker]:
    """All brokers of the player as they are now, oldest name first by id."""
    documents = player.state.get("brokers", {})
    return [
        broker_from_document(broker_id, documents[broker_id]).rested(economy, now_ms=now_ms)
        for broker_id in sorted(documents)
    ]


def broker_of(player: Player, broker_id: str, *, economy: Economy, now_ms: int) -> Broker | None:
    """The player's broker as it is now, or None when it is not theirs."""
    document = player.state.get("brokers", {}).get(broker_id)
    if document is None:
        return None
    return broker_from_document(broker_id, document).rested(economy, now_ms=now_ms)


def broker_path(broker_id: str) -> str:
    """Where the player's document keeps the broker; a row writes it whole."""
    return f"brokers.{broker_id}"


def broker_document(broker: Broker) -> dict[str, Any]:
    """The broker as stored: whole numbers, strings and one map."""
    document: dict[str, Any] = {
        "name": broker.name,
        "intelligence": broker.intelligence,
        "speed": broker.speed,
        "risk": broker.risk,
        "level": broker.level,
        "xp": broker.xp,
        "energy": broker.energy,
        "energyAt": broker.energy_at_ms,
        "cooldowns": dict(broker.cooldowns),
    }
    if broker.ban is not None:
        document["ban"] = {"until": broker.ban.until_ms, "reason": broker.ban.reason}
    return document


def broker_from_document(broker_id: str, document: Mapping[str, Any]) -> Broker:
    """Rebuild a broker from its part of the player's document."""
    ban = document.get("ban")
    return Broker(
        id=broker_id,
        name=document["name"],
        intelligence=int(document["intelligence"]),
        speed=int(document["speed"]),
        risk=int(document["risk"]),
        level=int(document["level"]),
        xp=int(document["xp"]),
        energy=int(document["energy"]),
        energy_at_ms=int(document["energyAt"]),
        cooldowns={mode: int(ends_ms) for mode, ends_ms in document["cooldowns"].items()},
        ban=None if ban is None else Ban(int(ban["until"]), str(ban.get("reason", ""))),
    )


def _raised(broker: Broker, stat: str, points: int, *, xp: int, levels: int) -> Broker:
    check_stat(stat)
    value = min(MAX_STAT, int(getattr(broker, stat)) + points)
    changes: dict[str, Any] = {stat: value, "xp": broker.xp + xp, "level": broker.level + levels}
    return replace(broker, **changes)


def _rounded_mean(first: int, second: int) -> int:
    return (first + second + 1) // 2
