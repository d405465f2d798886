"""One battle, decided: the refusals in their order, or the one row with fee, energy, chance and reward."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.domain.broker_actions import FEES, Price, broker_answer, funds_refusal, usable_broker
from shared.domain.brokers import Broker, broker_document, broker_path
from shared.domain.budget_plans import emissions_of
from shared.domain.calendar import MS_PER_SECOND, iso_time
from shared.domain.emission_windows import is_emission_open, window_opens_at_ms
from shared.domain.fairness import (
    BattleProof,
    BattleTicket,
    DaySeed,
    battle_seed,
    commitment_of,
    proof_document,
)
from shared.domain.ledger import Accepted, Decision, Declined, Leg
from shared.domain.rewards import Reward, WinStreak, battle_reward
from shared.domain.score import first_draw, highest_score, score_of

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.domain.modes import Mode
    from shared.domain.player import Player

BATTLE_KIND: Final = "battle"
WINDOW_CLOSED: Final = "emission_window_closed"
UNDER_REVIEW: Final = "under_review"
"""The score is above what is possible: our bug, never the player's doing.

Nothing of value follows from such a battle: no reward, no step of the streak, no first win, no place on a
board. It costs what every battle costs, and the first win is still there to be won.
"""


@dataclass(frozen=True, slots=True)
class BattleWish:
    """What the player asks for, in the client's own words; `key` is the client's key, not its stored form."""

    broker_id: str
    mode_key: str
    key: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A battle whose refusals are all answered: who fights where, and when."""

    player: Player
    mode: Mode
    broker: Broker
    now_ms: int


def decide_battle(
    player: Player,
    wish: BattleWish,
    *,
    config: GameConfig,
    day_seed: DaySeed,
    emission_block: str | None,
    now_ms: int,
) -> Decision:
    """The whole battle as one row, or the first refusal that applies.

    Order: mode unknown, mode disabled, guild, broker not yours, broker banned, league, energy, cooldown,
    fee. `emission_block` says why nothing may be emitted; the battle then stands without its reward.
    """
    found = _admit(player, wish, config=config, now_ms=now_ms)
    if isinstance(found, Declined):
        return found
    proof = _fought(found, wish, day_seed=day_seed)
    reward, held_because = _reward(found, proof, config=config, emission_block=emission_block)
    return _row(found, proof, reward, held_because=held_because, config=config)


def mode_refusal(mode: Mode) -> Declined | None:
    """`mode_disabled` or `guild_required`, or None; the list of modes tells it beforehand."""
    if not mode.is_enabled:
        return Declined(BATTLE_KIND, "mode_disabled", "This mode is switched off", {"mode": mode.key})
    if mode.needs_guild:
        return Declined(BATTLE_KIND, "guild_required", "This mode needs a guild", {"mode": mode.key})
    return None


def entry_fees(mode: Mode) -> tuple[Price, Price]:
    """What the mode charges, NEUR before AIBA; fees of 0 charge nothing."""
    return Price(mode.entry_fee_neur, "NEUR", FEES), Price(mode.entry_fee_aiba, "AIBA", FEES)


def _admit(player: Player, wish: BattleWish, *, config: GameConfig, now_ms: int) -> _Field | Declined:
    mode = config.modes.get(wish.mode_key)
    if mode is None:
        return Declined(BATTLE_KIND, "mode_unknown", "There is no such mode", {"mode": wish.mode_key})
    if refusal := mode_refusal(mode):
        return refusal
    broker = usable_broker(BATTLE_KIND, player, wish.broker_id, economy=config.economy, now_ms=now_ms)
    if isinstance(broker, Declined):
        return broker
    found = _Field(player, mode, broker, now_ms)
    refusal = _fitness_refusal(found, config=config)
    for price in entry_fees(mode):
        refusal = refusal or funds_refusal(BATTLE_KIND, player, price)
    return refusal or found


def _fitness_refusal(found: _Field, *, config: GameConfig) -> Declined | None:
    """Level, energy and cooldown, each with what to wait or work for."""
    mode, broker = found.mode, found.broker
    if broker.level < mode.min_broker_level:
        levels = {"need": mode.min_broker_level, "have": broker.level}
        return Declined(BATTLE_KIND, "league_locked", "The broker's level is too low", levels)
    if broker.energy < mode.energy_cost:
        economy = config.economy
        next_ms = broker.energy_reached_at_ms(broker.energy + 1, economy=economy)
        ready_ms = broker.energy_reached_at_ms(mode.energy_cost, economy=economy)
        waits = {
            "need": mode.energy_cost,
            "have": broker.energy,
            "nextEnergyAt": iso_time(next_ms),
            "readyAt": iso_time(ready_ms),
        }
        return Declined(BATTLE_KIND, "no_energy", "The broker is too tired", waits)
    cooldown_ends_ms = broker.cooldowns.get(mode.key, 0)
    if cooldown_ends_ms > found.now_ms:
        ends = {"cooldownEndsAt": iso_time(cooldown_ends_ms), "mode": mode.key}
        return Declined(BATTLE_KIND, "cooldown", "The broker rests from this mode", ends)
    return None


def _fought(found: _Field, wish: BattleWish, *, day_seed: DaySeed) -> BattleProof:
    mode = found.mode
    ticket = BattleTicket(found.player.id, found.broker.id, mode.key, mode.arena, mode.league, wish.key)
    seed = battle_seed(day_seed.seed, ticket)
    return BattleProof(
        epoch=day_seed.epoch,
        commitment=commitment_of(day_seed.seed),
        ticket=ticket,
        seed=seed,
        fighter=found.broker.fighter,
        rules_bps=mode.score_rules_bps,
        score=score_of(found.broker.fighter, mode.score_rules, draw=first_draw(seed)),
    )


def _reward(
    found: _Field, proof: BattleProof, *, config: GameConfig, emission_block: str | None
) -> tuple[Reward, str | None]:
    """The reward and, where AIBA and NEUR are held back, why; recognition is never held for a cap."""
    streak = win_streak(found.player)
    reward = battle_reward(
        proof.score,
        economy=config.economy,
        mode=found.mode,
        wins_in_a_row=streak.at(found.now_ms),
        has_won_before=bool(found.player.state.get("firstWin", 0)),
    )
    if is_impossible(proof, found.mode):
        return Reward(), UNDER_REVIEW
    if not reward.aiba and not reward.neur:
        return reward, None
    mode = found.mode
    is_open = is_emission_open(config.economy, arena=mode.arena, league=mode.league, now_ms=found.now_ms)
    block = emission_block if is_open else WINDOW_CLOSED
    return (reward, None) if block is None else (replace(reward, aiba=0, neur=0), block)


def is_impossible(proof: BattleProof, mode: Mode) -> bool:
    """Whether a score lies above the mode's theoretical maximum for this broker."""
    return proof.score > highest_score(proof.fighter, mode.score_rules)


def win_streak(player: Player) -> WinStreak:
    """The player's streak as the document keeps it; nobody has won before their first row."""
    streak = player.state.get("streak", {})
    return WinStreak(int(streak.get("wins", 0)), int(streak.get("lastWin", 0)))


def _row(
    found: _Field, proof: BattleProof, reward: Reward, *, held_because: str | None, config: GameConfig
) -> Accepted:
    """Everything the battle changes, in one row: fee, energy, cooldown, streak, reward, stars, diamonds."""
    player, mode, now_ms = found.player, found.mode, found.now_ms
    broker = _tired(found)
    streak = win_streak(player)
    changes: dict[str, Any] = {broker_path(broker.id): broker_document(broker)}
    if held_because != UNDER_REVIEW:
        streak = streak.after(proof.score, now_ms=now_ms)
        changes["streak"] = {"wins": streak.wins, "lastWin": streak.last_win_ms}
        if proof.score > 0:
            changes["firstWin"] = 1
    answer: dict[str, Any] = {
        "id": str(player.seq + 1),
        "at": iso_time(now_ms),
        "mode": mode.key,
        "arena": mode.arena,
        "league": mode.league,
        "score": proof.score,
        "reward": reward_answer(reward),
        "fee": {"NEUR": str(mode.entry_fee_neur), "AIBA": str(mode.entry_fee_aiba)},
        "winStreak": streak.at(now_ms),
        "broker": broker_answer(broker, economy=config.economy),
        "proof": proof_document(proof),
    }
    if held_because is not None:
        answer["rewardHeldBecause"] = held_because
    if held_because == WINDOW_CLOSED:
        opens_ms = window_opens_at_ms(config.economy, arena=mode.arena, league=mode.league, now_ms=now_ms)
        if opens_ms is not None:
            answer["emissionOpensAt"] = iso_time(opens_ms)
    return Accepted(
        BATTLE_KIND,
        answer=answer,
        legs=(
            *(leg for price in entry_fees(mode) for leg in price.legs(player)),
            *reward_legs(player, reward),
        ),
        changes=changes,
        emissions=emissions_of(config, aiba=reward.aiba, neur=reward.neur, arena=mode.arena),
    )


def _tired(found: _Field) -> Broker:
    """The broker after the battle: less energy, and resting from this mode."""
    mode, broker = found.mode, found.broker
    cooldowns = dict(broker.cooldowns)
    if mode.cooldown_s:
        cooldowns[mode.key] = found.now_ms + mode.cooldown_s * MS_PER_SECOND
    return replace(broker, energy=broker.energy - mode.energy_cost, cooldowns=cooldowns)


def reward_legs(player: Player, reward: Reward) -> tuple[Leg, ...]:
    """Postings that mint the reward, AIBA first; nothing is posted for nothing."""
    amounts = (
        ("AIBA", reward.aiba),
        ("NEUR", reward.neur),
        ("STARS", reward.stars),
        ("DIAMONDS", reward.diamonds),
    )
    return tuple(
        leg
        for currency, amount in amounts
        if amount
        for leg in (Leg("sys:emission", currency, -amount), Leg(player.id, currency, amount))
    )


def reward_answer(reward: Reward) -> dict[str, str]:
    """The reward on the wire: decimal strings per currency."""
    return {
        "AIBA": str(reward.aiba),
        "NEUR": str(reward.neur),
        "STARS": str(reward.stars),
        "DIAMONDS": str(reward.diamonds),
    }
