"""Decisions about brokers: every refusal in its order, or the one row that pays for and makes the change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.domain.brokers import (
    CATALOGUE,
    MAX_BROKERS,
    Broker,
    broker_document,
    broker_of,
    broker_path,
    catalogue_broker,
    check_stat,
    combined,
    is_at_most,
    repaired,
    starter_broker,
    trained,
    upgraded,
)
from shared.domain.calendar import iso_time
from shared.domain.errors import Refused
from shared.domain.ledger import BURNED, Accepted, Decision, Declined, Leg
from shared.domain.score import MAX_STAT

if TYPE_CHECKING:
    from shared.domain.game_config import Economy
    from shared.domain.money import Currency
    from shared.domain.player import Player

FEES = "sys:fee"


@dataclass(frozen=True, slots=True)
class Price:
    """What an action costs and where the money goes; 0 makes it free."""

    amount: int
    currency: Currency
    sink: str

    def legs(self, player: Player) -> tuple[Leg, ...]:
        if self.amount == 0:
            return ()
        return (Leg(player.id, self.currency, -self.amount), Leg(self.sink, self.currency, self.amount))


def funds_refusal(kind: str, player: Player, price: Price) -> Declined | None:
    """`insufficient_funds` with what is needed and what is there, or None."""
    have = player.balance(price.currency)
    if have >= price.amount:
        return None
    extra = {"currency": price.currency, "need": str(price.amount), "have": str(have)}
    return Declined(kind, "insufficient_funds", f"Not enough {price.currency}", extra)


def usable_broker(
    kind: str, player: Player, broker_id: str, *, economy: Economy, now_ms: int
) -> Broker | Declined:
    """The player's broker as it is now; `broker_not_found`, also for another's, or `broker_banned`."""
    broker = broker_of(player, broker_id, economy=economy, now_ms=now_ms)
    if broker is None:
        return Declined(kind, "broker_not_found", "You have no such broker", {"brokerId": broker_id})
    if broker.ban is None or not broker.is_banned(now_ms=now_ms):
        return broker
    extra = {"brokerId": broker_id, "reason": broker.ban.reason}
    if broker.ban.until_ms:
        extra["until"] = iso_time(broker.ban.until_ms)
    return Declined(kind, "broker_banned", "This broker is banned", extra)


def decide_starter(player: Player, *, economy: Economy, now_ms: int) -> Decision:
    """The free first broker; one per player, ever, even when it was combined away since."""
    kind = "starter"
    if player.state.get("starter", 0):
        return Declined(kind, "starter_already_granted", "The first broker is given once")
    if refusal := _full(kind, player):
        return refusal
    broker = starter_broker(economy=economy, now_ms=now_ms)
    return Accepted(
        kind,
        answer={"broker": broker_answer(broker, economy=economy)},
        changes={broker_path(broker.id): broker_document(broker), "starter": 1},
    )


def _full(kind: str, player: Player) -> Declined | None:
    have = len(player.state.get("brokers", {}))
    if have < MAX_BROKERS:
        return None
    extra = {"max": MAX_BROKERS, "have": have}
    return Declined(kind, "broker_limit", f"A player has at most {MAX_BROKERS} brokers", extra)


def decide_purchase(
    player: Player, catalogue_id: str, *, key: str, economy: Economy, now_ms: int
) -> Decision:
    """A broker from the catalogue for AIBA; at most fifty brokers a player."""
    kind = "buyBroker"
    entry = CATALOGUE.get(catalogue_id)
    if entry is None:
        return Declined(kind, "catalogue_entry_unknown", "The catalogue has no such broker")
    if refusal := _full(kind, player):
        return refusal
    price = Price(entry.price_aiba, "AIBA", FEES)
    broker = catalogue_broker(entry, key=key, economy=economy, now_ms=now_ms)
    return _paid(kind, player, broker, price=price, economy=economy)


def decide_training(player: Player, broker_id: str, stat: str, *, economy: Economy, now_ms: int) -> Decision:
    """One point of a stat for NEUR; refused at the most. Raises Refused `invalid_stat`."""
    kind = "train"
    check_stat(stat)
    broker = usable_broker(kind, player, broker_id, economy=economy, now_ms=now_ms)
    if isinstance(broker, Declined):
        return broker
    if is_at_most(broker, stat):
        return Declined(kind, "stat_at_maximum", f"{stat} is at its most", {"stat": stat, "max": MAX_STAT})
    price = Price(economy.train_neur_cost, "NEUR", FEES)
    return _paid(kind, player, trained(broker, stat), price=price, economy=economy)


def decide_upgrade(player: Player, broker_id: str, stat: str, *, economy: Economy, now_ms: int) -> Decision:
    """Two points of a stat and a level for burned AIBA; a stat at its most stays, the level still rises.

    Raises Refused `invalid_stat`.
    """
    kind = "upgrade"
    check_stat(stat)
    broker = usable_broker(kind, player, broker_id, economy=economy, now_ms=now_ms)
    if isinstance(broker, Declined):
        return broker
    price = Price(economy.upgrade_aiba_cost, "AIBA", BURNED)
    return _paid(kind, player, upgraded(broker, stat), price=price, economy=economy)


def decide_repair(player: Player, broker_id: str, *, economy: Economy, now_ms: int) -> Decision:
    """Full energy and no cooldowns for NEUR."""
    kind = "repair"
    broker = usable_broker(kind, player, broker_id, economy=economy, now_ms=now_ms)
    if isinstance(broker, Declined):
        return broker
    price = Price(economy.repair_neur_cost, "NEUR", FEES)
    fresh = repaired(broker, economy=economy, now_ms=now_ms)
    return _paid(kind, player, fresh, price=price, economy=economy)


def decide_combination(
    player: Player, base_id: str, sacrifice_id: str, *, economy: Economy, now_ms: int
) -> Decision:
    """Two brokers become one for NEUR; a banned broker can be neither base nor sacrifice.

    Raises Refused `same_broker` when both are one.
    """
    kind = "combine"
    if base_id == sacrifice_id:
        raise Refused("A broker cannot be combined with itself", code="same_broker")
    base = usable_broker(kind, player, base_id, economy=economy, now_ms=now_ms)
    if isinstance(base, Declined):
        return base
    sacrifice = usable_broker(kind, player, sacrifice_id, economy=economy, now_ms=now_ms)
    if isinstance(sacrifice, Declined):
        return sacrifice
    price = Price(economy.combine_neur_cost, "NEUR", FEES)
    gone = (broker_path(sacrifice_id),)
    return _paid(kind, player, combined(base, sacrifice), price=price, economy=economy, removals=gone)


def broker_answer(broker: Broker, *, economy: Economy) -> dict[str, Any]:
    """A rested broker as clients see it; `nextEnergyAt` is left out when it is full."""
    answer: dict[str, Any] = {
        "id": broker.id,
        "name": broker.name,
        "intelligence": broker.intelligence,
        "speed": broker.speed,
        "risk": broker.risk,
        "level": broker.level,
        "xp": broker.xp,
        "energy": broker.energy,
        "maxEnergy": economy.battle_max_energy,
        "cooldowns": {mode: iso_time(ends_ms) for mode, ends_ms in sorted(broker.cooldowns.items())},
    }
    if broker.energy < economy.battle_max_energy:
        next_ms = broker.energy_reached_at_ms(broker.energy + 1, economy=economy)
        answer["nextEnergyAt"] = iso_time(next_ms)
    if broker.ban is not None:
        answer["ban"] = {"reason": broker.ban.reason}
        if broker.ban.until_ms:
            answer["ban"]["until"] = iso_time(broker.ban.until_ms)
    return answer


def _paid(
    kind: str,
    player: Player,
    broker: Broker,
    *,
    price: Price,
    economy: Economy,
    removals: tuple[str, ...] = (),
) -> Decision:
    """The row that pays the price and writes the broker whole, unless the funds do not suffice."""
    if refusal := funds_refusal(kind, player, price):
        return refusal
    answer = {
        "broker": broker_answer(broker, economy=economy),
        "cost": {"amount": str(price.amount), "currency": price.currency},
        "balance": str(player.balance(price.currency) - price.amount),
    }
    return Accepted(
        kind,
        answer=answer,
        legs=price.legs(player),
        changes={broker_path(broker.id): broker_document(broker)},
        removals=removals,
    )
