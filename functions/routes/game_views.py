"""How the game looks to the miniapp: amounts, brokers, modes, battles and their proofs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.edge.models import Amount, Time, View

Points = Annotated[int, Field(description="Basis points: 10,000 is the whole")]
SignedAmount = Annotated[
    str,
    Field(
        pattern=r"^(0|-?[1-9][0-9]{0,18})$",
        description="Whole units with their sign, as a decimal string",
        examples=["-25"],
    ),
]


class Amounts(View):
    """Whole units of each currency as decimal strings."""

    neur: Annotated[Amount, Field(alias="NEUR")]
    aiba: Annotated[Amount, Field(alias="AIBA")]
    stars: Annotated[Amount, Field(alias="STARS")]
    diamonds: Annotated[Amount, Field(alias="DIAMONDS")]


class Fee(View):
    """What a battle costs besides energy."""

    neur: Annotated[Amount, Field(alias="NEUR")]
    aiba: Annotated[Amount, Field(alias="AIBA")]


class BrokerBanView(View):
    """Why a broker may not act; without `until` it is for good."""

    reason: str
    until: Time | None = None


class BrokerView(View):
    """A broker as it is now: `nextEnergyAt` is absent when it is full, past cooldowns are left out."""

    id: str
    name: str
    intelligence: int
    speed: int
    risk: int
    level: int
    xp: int
    energy: int
    max_energy: int
    cooldowns: Annotated[dict[str, Time], Field(description="Mode key to the end of the cooldown")]
    next_energy_at: Time | None = None
    ban: BrokerBanView | None = None


class BrokerList(View):
    """The player's brokers."""

    items: list[BrokerView]


class CatalogueView(View):
    """A broker for sale."""

    id: str
    name: str
    intelligence: int
    speed: int
    risk: int
    price_aiba: Amount


class CatalogueList(View):
    """The brokers for sale, cheapest first."""

    items: list[CatalogueView]


class CostView(View):
    """What an action cost."""

    amount: Amount
    currency: str


class BrokerChange(View):
    """A broker after a paid action, what it cost, and what is left of that currency."""

    broker: BrokerView
    cost: CostView
    balance: Amount


class BrokerGrant(View):
    """A broker that was given for nothing."""

    broker: BrokerView


class WeightsView(View):
    """How much each stat counts."""

    intelligence: Points
    speed: Points
    risk: Points


class ScoringView(View):
    """The mode's part of the score formula."""

    weights_bps: WeightsView
    league_multiplier_bps: Points
    variance_base_bps: Points


class ModeView(View):
    """One way to battle; `closedBecause` is the refusal a battle would get now."""

    key: str
    arena: str
    league: str
    energy_cost: int
    cooldown_seconds: int
    min_broker_level: int
    needs_guild: bool
    entry_fee: Fee
    reward_multiplier_aiba: float
    reward_multiplier_neur: float
    scoring: ScoringView
    is_open: bool
    closed_because: str | None = None


class ModeList(View):
    """All modes."""

    items: list[ModeView]


class FighterView(View):
    """The broker's stats as they were when it fought."""

    intelligence: int
    speed: int
    risk: int
    level: int


class ProofView(View):
    """Everything that decided a battle except the day's seed, which is public at 01:00 UTC of the next day."""

    epoch: str
    commitment: str
    player: str
    broker_id: str
    mode: str
    arena: str
    league: str
    key: str
    seed: int
    broker: FighterView
    weights_bps: WeightsView
    league_multiplier_bps: Points
    variance_base_bps: Points
    score: int


class BattleView(View):
    """A battle as it was answered, for ever; `rewardHeldBecause` says why AIBA and NEUR were not paid."""

    id: str
    at: Time
    mode: str
    arena: str
    league: str
    score: int
    reward: Amounts
    fee: Fee
    win_streak: int
    broker: BrokerView
    proof: ProofView
    reward_held_because: str | None = None
    emission_opens_at: Time | None = None


class BattlePage(View):
    """One page of battles, newest first."""

    items: list[BattleView]
    next_cursor: str | None = None


class BattleProofView(View):
    """A battle's proof; once the seed is public, what of the battle does not follow from it (nothing)."""

    battle_id: str
    proof: ProofView
    published_at: Time
    day_seed: str | None = None
    disagreements: list[str] | None = None


class FairnessView(View):
    """One epoch of chance: sha256(daySeed) is public before its first battle, daySeed after its day."""

    epoch: str
    commitment: str
    key_id: str
    committed_at: Time
    published_at: Time
    day_seed: str | None = None
    note: str | None = None


class FairnessPage(View):
    """Today and one page of past days, newest first."""

    today: list[FairnessView]
    past: list[FairnessView]
    next_cursor: str | None = None
