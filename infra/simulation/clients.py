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
    ("give", 10),
    ("ban", 2),
    ("configure", 3),
    ("send", 10),
)
EMPHASES: Final = (("battle", "repair"), ("claim", "send"), ("link", "unlink", "referral"))
EMPHASIS: Final = 5
"""Every run has one theme, whose verbs are so many times as frequent: races need company."""

CHANGES: Final[tuple[tuple[str, Any], ...]] = (
    ("battles", True),
    ("battles", False),
    ("emission", True),
    ("emission", False),
    ("emission", False),
    ("claims", True),
    ("claims", False),
    ("claims", False),
    ("claim_max_aiba", 20),
    ("claim_max_aiba", 10_000),
    ("claim_max_aiba", 10_000),
    ("train_neur_cost", 5),
    ("daily_reward_neur", 70),
    ("base_reward_neur_per_score", 0),
    ("base_reward_neur_per_score", 2),
)
NEEDS_WALLET: Final = ("claim", "unlink", "referral")
REPEATED: Final = 0.4
MISUSED: Final = 0.02
REMEMBERED: Final = 25


def _opening() -> list[Request]:
    """How every game begins: players come, get a broker, money and mostly a wallet; last request first."""
    numbers = range(PLAYERS, 0, -1)
    links = [Request("link", f"tg{number}", "link0", (number % WALLETS,)) for number in range(WALLETS, 0, -1)]
    return links + [
        Request(verb, f"tg{number}", f"{verb}0", arguments)
        for verb, arguments in (("give", ("AIBA", 150)), ("starter", ()), ("register", ()))
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
            "combine": tuple(chance.sample([*brokers, "starter"], 2)),
            "buy": (chance.choice(("scout", "pro")),),
            "referral": (self._code(),),
            "link": ((int(account[2:]) + chance.choice((0, 0, 0, 1))) % WALLETS,),
            "claim": (chance.choice((5, 10, 25, 25, 60, 250)),),
            "give": (chance.choice(("NEUR", "AIBA", "AIBA")), chance.randrange(1, 200)),
            "ban": (chance.choice(("battle", "withdraw", "all")), chance.random() < 0.5),
            "configure": chance.choice(CHANGES),
        }
        return choices.get(verb, ())

    def _account(self, verb: str) -> str:
        """Anybody; but whoever wants what needs a wallet mostly has one."""
        chance = self.world.chance
        players = sorted(self.world.database["players"].documents.items())
        linked = [name for name, player in players if "wallet" in player]
        if verb in NEEDS_WALLET and linked and chance.random() < 0.8:
            return chance.choice(linked)
        return f"tg{chance.randrange(1, PLAYERS + 1)}"

    def _brokers(self, account: str) -> list[str]:
        player = self.world.database["players"].documents.get(account, {})
        return ["starter", *sorted(player.get("brokers", {}))]

    def _code(self) -> str:
        players = self.world.database["players"].documents
        codes: list[str] = [
            player["referralCode"] for _, player in sorted(players.items()) if "referralCode" in player
        ]
        return self.world.chance.choice([*codes, "0" * 10])
