"""How large each emission budget is under a configuration, and over how many shards it is spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.domain.budgets import BudgetPlan
from shared.domain.errors import ensure
from shared.domain.ledger import Emission
from shared.domain.rewards import largest_reward

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig

AIBA: Final = "AIBA"
NEUR: Final = "NEUR"
CLAIMS: Final = "claims"
CLAIMS_PER_HOUR: Final = "claimsHour"
ADMIN_AIBA: Final = "adminAiba"
_ARENA_MARK: Final = "@"
_REWARDS_PER_SHARD: Final = 100


def plan_budget(config: GameConfig, name: str) -> BudgetPlan:
    """The cap of the budget `name` in its period and its shards.

    Never more shards than leave each a hundred of the largest single rewards: fewer would strand a
    remainder in shards that is too small for anyone.
    """
    cap = _cap(config, name)
    most = cap // (_REWARDS_PER_SHARD * max(1, largest_single_amount(config, name)))
    return BudgetPlan(cap=cap, shards=max(1, min(config.economy.budget_shards, most)))


def largest_single_amount(config: GameConfig, name: str) -> int:
    """The most that one row can take from this budget, in whole units."""
    economy = config.economy
    currency, _, arena = name.partition(_ARENA_MARK)
    if currency not in (AIBA, NEUR):
        return economy.admin_daily_aiba if name == ADMIN_AIBA else economy.claim_max_aiba
    rewards = [largest_reward(economy, mode) for mode in config.modes.values() if arena in ("", mode.arena)]
    if currency == AIBA:
        referral = economy.referral_reward_aiba_referrer + economy.referral_reward_aiba_referee
        return max([referral, *(reward.aiba for reward in rewards)])
    referral = economy.referral_reward_neur_referrer + economy.referral_reward_neur_referee
    return max([referral, *(reward.neur for reward in rewards)])


def known_budgets(config: GameConfig) -> list[Emission]:
    """Every budget there is under this configuration, each as a wish for nothing of it."""
    economy = config.economy
    arenas = ((AIBA, economy.daily_cap_aiba_by_arena), (NEUR, economy.daily_cap_neur_by_arena))
    return [
        *(Emission(name, 0) for name in (AIBA, NEUR, CLAIMS, ADMIN_AIBA)),
        Emission(CLAIMS_PER_HOUR, 0, "hour"),
        *(
            Emission(f"{currency}{_ARENA_MARK}{arena}", 0)
            for currency, caps in arenas
            for arena in sorted(caps)
        ),
    ]


def emissions_of(
    config: GameConfig, *, aiba: int, neur: int, arena: str | None = None
) -> tuple[Emission, ...]:
    """The budgets a reward draws on, in the fixed order: arena before global, AIBA before NEUR.

    An arena without a cap of its own has no budget of its own; nothing is asked for nothing.
    """
    economy = config.economy
    wishes: list[Emission] = []
    if arena is not None and aiba and arena in economy.daily_cap_aiba_by_arena:
        wishes.append(Emission(f"{AIBA}{_ARENA_MARK}{arena}", aiba))
    if arena is not None and neur and arena in economy.daily_cap_neur_by_arena:
        wishes.append(Emission(f"{NEUR}{_ARENA_MARK}{arena}", neur))
    if aiba:
        wishes.append(Emission(AIBA, aiba))
    if neur:
        wishes.append(Emission(NEUR, neur))
    return tuple(wishes)


def _cap(config: GameConfig, name: str) -> int:
    economy = config.economy
    currency, mark, arena = name.partition(_ARENA_MARK)
    if mark:
        by_arena = {AIBA: economy.daily_cap_aiba_by_arena, NEUR: economy.daily_cap_neur_by_arena}
        # A cap that was withdrawn while a decision was under way: nothing is left of it.
        return by_arena.get(currency, {}).get(arena, 0)
    caps = {
        AIBA: economy.daily_cap_aiba,
        NEUR: economy.daily_cap_neur,
        CLAIMS: economy.claim_max_aiba_per_day,
        CLAIMS_PER_HOUR: economy.claim_max_aiba_per_hour,
        ADMIN_AIBA: economy.admin_daily_aiba,
    }
    ensure(name in caps, "a budget has a known name")
    return caps[name]
