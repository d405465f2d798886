"""What contestants do: everything a player can, and everything an administrator does to players and numbers."""

from __future__ import annotations

import random  # noqa: TID251 - what happens in which order is the test's own chance
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

MODES = ("prediction", "arbitrage", "simulation", "strategyWars")
STARTER = "starter"
WHY = "a test of kills"


@dataclass(frozen=True)
class Action:
    """One request that changes something, and the key it keeps.

    `sacrifice` is the key of a purchase: the broker it bought, if any, is what this one gives up.
    """

    method: str
    path: str
    body: Any
    key: str
    revision: int | None = None
    sacrifice: str = ""

    def after(self, told: Mapping[str, tuple[int, Any]]) -> Action:
        """The request as it is sent from now on, knowing what the player was told before."""
        if not self.sacrifice:
            return self
        bought = told.get(self.sacrifice, (0, {}))[1].get("broker", {}).get("id", "nothing-was-bought")
        return replace(self, body={"sacrificeId": bought}, sacrifice="")


def player_script(chance: random.Random, *, codes: list[str], length: int) -> list[Action]:
    """A random order of everything a player can do; what cannot work yet is refused, and that is an answer."""
    actions = [
        Action("POST", "/api/economy/daily", None, "daily"),
        Action("DELETE", "/api/wallet", None, "off"),
        Action("POST", "/api/brokers/starter", None, "starter-again"),
    ]
    for number in range(length):
        kind = chance.choice(
            ("battle", "battle", "battle", "train", "repair", "buy", "combine", "upgrade", "claim", "refer")
        )
        path, body = {
            "battle": ("/api/battle/run", {"brokerId": STARTER, "mode": chance.choice(MODES)}),
            "train": (f"/api/brokers/{STARTER}/train", {"stat": "speed"}),
            "repair": (f"/api/brokers/{STARTER}/repair", None),
            "buy": ("/api/brokers", {"catalogueId": "scout"}),
            "combine": (f"/api/brokers/{STARTER}/combine", None),
            "upgrade": (f"/api/brokers/{STARTER}/upgrade", {"stat": "intelligence"}),
            "claim": ("/api/claims", {"amount": "10"}),
            "refer": ("/api/referrals/use", {"code": chance.choice(codes)}),
        }[kind]
        sacrifice = f"buy-{chance.randrange(number + 1)}" if kind == "combine" else ""
        actions.append(Action("POST", path, body, f"{kind}-{number}", sacrifice=sacrifice))
    chance.shuffle(actions)
    bought = [action.key for action in actions if action.key.startswith("buy-")]
    actions = [
        replace(action, sacrifice=chance.choice(bought)) if action.sacrifice and bought else action
        for action in actions
    ]
    return [Action("POST", "/api/brokers/starter", None, STARTER), *actions]


def administrator_script(
    chance: random.Random, *, accounts: list[str], revision: int, length: int
) -> list[Action]:
    """Corrections, bans, caps and pauses; whoever was banned is free again at the end.

    `revision` is the configuration's before: each change knows the one that its predecessor made.
    """
    actions: list[Action] = []
    for number in range(length):
        player = f"/api/admin/players/{chance.choice(accounts)}"
        kind = chance.choice(("adjust", "adjust", "ban", "unban", "cap", "arena", "hour", "pause"))
        ban = {"scope": chance.choice(("battle", "withdraw")), "reason": WHY}
        if kind == "adjust":
            body = {
                "direction": chance.choice(("credit", "credit", "credit", "debit")),
                "currency": chance.choice(("NEUR", "AIBA")),
                "amount": str(chance.randrange(1, 400)),
                "reason": WHY,
            }
            actions.append(Action("POST", f"{player}/adjust", body, f"adjust-{number}"))
        elif kind in ("ban", "unban"):
            actions.append(Action("POST", f"{player}/{kind}", ban, f"{kind}-{number}"))
        elif kind == "pause":
            for way in ("pause", "resume"):
                body = {"switches": ["emission"], "reason": WHY}
                actions.append(Action("POST", f"/api/admin/{way}", body, f"{way}-{number}"))
                revision += 1
        else:
            # No two are the same: a change of nothing would be refused and make no revision.
            changes: Mapping[str, Any] = {
                "cap": {"dailyCapAiba": str(20_000 + number)},
                "arena": {"dailyCapAibaByArena": {"prediction": str(5_000 + number)} if number % 2 else {}},
                "hour": {"claimMaxAibaPerHour": str(1_000 + number)},
            }[kind]
            body = {"changes": {**changes, "dailyCapNeur": str(50_000 + number)}, "reason": WHY}
            actions.append(
                Action("PATCH", "/api/admin/config/economy", body, f"{kind}-{number}", revision=revision)
            )
            revision += 1
    return actions + [
        Action(
            "POST",
            f"/api/admin/players/{account}/unban",
            {"scope": scope, "reason": WHY},
            f"free-{scope}-{account}",
        )
        for account in accounts
        for scope in ("battle", "withdraw")
    ]
