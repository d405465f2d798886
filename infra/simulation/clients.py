"""What clients ask for: new requests, repeats of old ones, copies of those under way, and keys used twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from infra.simulation.answers import Request
from infra.simulation.world import PLAYERS, WALLETS, World

MODES: Final = (
    "prediction",
    "prediction",
    "simulation",
    "simulation",
    "strategyWars",
    "arbitrage-pro",
    "guildWars",
)
STATS: Final = ("intelligence", "speed", "risk")
VERBS: Final = (
    ("register", 2),
    ("starter", 5),
    ("battle", 26),
    ("train", 6),
    ("repair", 7),
    ("upgrade", 4),
    ("combine", 3),
    ("buy", 6),
    ("daily", 7),
    ("referral", 6),
    ("link", 12),
    ("unlink", 4),
    ("claim", 16),
    ("read", 2),
    ("adjust", 7),
    ("confirm", 2),
    ("ban", 2),
    ("unban", 2),
    ("configure", 6),
    ("switch", 3),
    ("ahead", 5),
    ("send", 10),
)
EMPHASES: Final = (("battle", "repair"), ("claim", "send"), ("claim", "send"), ("link", "unlink", "referral"))
EMPHASIS: Final = 5
"""Every run has one theme, whose verbs are so many times as frequent: races need company."""

CHANGES: Final[tuple[tuple[str, Any], ...]] = (
    ("claimMaxAiba", 20),
    ("claimMaxAiba", 10_000),
    ("claimMaxAiba", 9_999),
    ("trainNeurCost", 5),
    ("dailyRewardNeur", 70),
    ("baseRewardNeurPerScore", 0),
    ("baseRewardNeurPerScore", 2),
    ("dailyCapAiba", 700),
    ("dailyCapAiba", 9_000),
    ("dailyCapNeur", 500),
    ("dailyCapNeur", 6_000),
    ("dailyCapAibaByArena", {}),
    ("dailyCapAibaByArena", {"prediction": 250}),
    ("dailyCapAibaByArena", {"prediction": 900, "simulation": 400}),
    ("claimMaxAibaPerHour", 100),
    ("claimMaxAibaPerHour", 600),
    ("claimMaxAibaPerDay", 2_500),
    ("adminDailyAiba", 2_000),
    ("budgetShards", 1),
    ("budgetShards", 4),
)
SWITCHES: Final = (
    ("battles", True),
    ("battles", False),
    ("emission", True),
    ("emission", False),
    ("emission", False),
    ("claims", True),
    ("claims", False),
    ("claims", False),
)
ADJUSTMENTS: Final = (
    ("credit", "NEUR", 150),
    ("credit", "AIBA", 120),
    ("credit", "AIBA", 60),
    ("credit", "STARS", 2),
    ("debit", "NEUR", 20),
    ("debit", "AIBA", 15),
    ("credit", "NEUR", 100_001),
)
"""The last is so large that a second administrator has to confirm it."""
NEEDS_WALLET: Final = ("claim", "unlink", "referral")
REPEATED: Final = 0.4
MISUSED: Final = 0.02
REMEMBERED: Final = 25


def _opening() -> list[Request]:
    """How every game begins: players come, get a broker, money and mostly a wallet; last request first."""
    numbers = range(PLAYERS, 0, -1)
    links = [Request("link", f"tg{number}", "link0", (number % WALLETS,)) for number in range(WALLETS, 0, -1)]
    return links + [
        Request(verb, f"tg{number}", f"{verb}0-{number}", arguments)
        for verb, arguments in (("adjust", ("credit", "AIBA", 150)), ("starter", ()), ("register", ()))
        for number in numbers
    ]


@dataclass(slots=True)
class Clients:
    """Players and an operator who know everything and are never patient."""

    world: World
    theme: tuple[str, ...]
    opening: list[Request] = field(default_factory=_opening)
    recent: list[Request] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_request(self) -> Request:
        """A repeat of a recent request, the same key for something else, or a new wish."""
        chance = self.world.chance
        if self.recent and chance.random() < REPEATED:
            request: Request = chance.choice(self.recent)
            return replace(request, fingerprint="misused") if chance.random() < MISUSED else request
        request = self._new()
        self.recent.append(request)
        del self.recent[:-REMEMBERED]
        return request

    def _new(self) -> Request:
        chance = self.world.chance
        if self.opening:
            return self.opening.pop()
        weights = [weight * EMPHASIS if verb in self.theme else weight for verb, weight in VERBS]
        verb = chance.choices([verb for verb, _ in VERBS], weights)[0]
        account = self._account(verb)
        return Request(verb, account, f"k{next(self._numbers)}", self._arguments(verb, account))

    def _arguments(self, verb: str, account: str) -> tuple[Any, ...]:
        chance = self.world.chance
        brokers = self._brokers(account)
        choices: dict[str, tuple[Any, ...]] = {
            "battle": (chance.choice(brokers), chance.choice(MODES)),
            "train": (chance.choice(brokers), chance.choice(STATS)),
            "repair": (chance.choice(brokers),),
            "upgrade": (chance.choice(brokers), chance.choice(STATS)),
            "combine": tuple(chance.sample(sorted({*brokers, "none"}), 2)),
            "buy": (chance.choice(("scout", "pro")),),
            "referral": (self._code(),),
            "link": ((int(account[2:]) + chance.choice((0, 0, 0, 1))) % WALLETS,),
            "claim": (chance.choice((5, 10, 10, 10, 25, 25, 60, 250)),),
            "adjust": chance.choice(ADJUSTMENTS),
            "confirm": (self._proposal(), chance.random() < 0.7),
            "ban": (chance.choice(("battle", "withdraw", "all")), self.world.scheduler.now_ms + 120_000),
            "unban": (chance.choice(self._bans(account)),),
            "configure": (*chance.choice(CHANGES), self._revision()),
            "switch": chance.choice(SWITCHES),
        }
        return choices.get(verb, ())

    def _account(self, verb: str) -> str:
        """Anybody; but whoever wants what needs a wallet mostly has one."""
        chance = self.world.chance
        players = sorted(self.world.database["players"].documents.items())
        linked = [name for name, player in players if "wallet" in player]
        banned = [name for name, player in players if player.get("bans")]
        solvent = [
            name
            for name in linked
            if self.world.database["players"].documents[name]["bal"].get("AIBA", 0) >= 10
        ]
        if verb == "claim" and solvent and chance.random() < 0.8:
            return chance.choice(solvent)
        owners = [name for name, player in players if len(player.get("brokers", {})) > 1]
        if verb == "unban" and banned:
            return chance.choice(banned)
        if verb == "combine" and owners:
            return chance.choice(owners)
        if verb in NEEDS_WALLET and linked and chance.random() < 0.8:
            return chance.choice(linked)
        return f"tg{chance.randrange(1, PLAYERS + 1)}"

    def _bans(self, account: str) -> list[str]:
        player = self.world.database["players"].documents.get(account, {})
        return sorted(player.get("bans", {})) or ["battle", "withdraw", "all"]

    def _brokers(self, account: str) -> list[str]:
        player = self.world.database["players"].documents.get(account, {})
        return ["starter", *sorted(player.get("brokers", {}))]

    def _proposal(self) -> str:
        proposals = sorted(self.world.database["adjustments"].documents)
        return self.world.chance.choice([*proposals, "none"])

    def _revision(self) -> int:
        """The one an administrator sees before the change; it may be another by then."""
        return int(self.world.database["config"].documents["current"]["rev"])

    def _code(self) -> str:
        players = self.world.database["players"].documents
        codes: list[str] = [
            player["referralCode"] for _, player in sorted(players.items()) if "referralCode" in player
        ]
        return self.world.chance.choice([*codes, "0" * 10])
