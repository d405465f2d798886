"""What a changed configuration would have done to battles that really happened, and so would do to a day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.domain.battle import BATTLE_KIND
from shared.domain.calendar import MS_PER_DAY
from shared.domain.errors import ensure
from shared.domain.rewards import battle_reward

if TYPE_CHECKING:
    from shared.domain.game_config import GameConfig
    from shared.domain.ledger import Row

_COSTS: Final = {
    "train": ("train_neur_cost", "NEUR"),
    "repair": ("repair_neur_cost", "NEUR"),
    "upgrade": ("upgrade_aiba_cost", "AIBA"),
    "combine": ("combine_neur_cost", "NEUR"),
}


@dataclass(slots=True)
class Projection:
    """Sums over a span of real rows, under one configuration; caps and windows are looked at afterwards.

    A battle of a mode the configuration no longer has, or has switched off, pays and costs nothing.
    """

    config: GameConfig
    battles: int = 0
    emitted: Counter[str] = field(default_factory=Counter)
    sunk: Counter[str] = field(default_factory=Counter)

    def count(self, row: Row) -> None:
        """Add what this row would have paid and cost."""
        if not row.ok:
            return
        if row.kind == BATTLE_KIND:
            self._count_battle(row)
        elif row.kind in _COSTS:
            name, currency = _COSTS[row.kind]
            self.sunk[currency] += int(getattr(self.config.economy, name))
        elif row.kind == "daily":
            self.emitted["NEUR"] += self.config.economy.daily_reward_neur

    def _count_battle(self, row: Row) -> None:
        self.battles += 1
        mode = self.config.modes.get(str(row.answer["mode"]))
        if mode is None or not mode.is_enabled:
            return
        reward = battle_reward(
            int(row.answer["score"]),
            economy=self.config.economy,
            mode=mode,
            wins_in_a_row=max(0, int(row.answer["winStreak"]) - 1),
            has_won_before=True,
        )
        self.emitted["AIBA"] += reward.aiba
        self.emitted["NEUR"] += reward.neur
        self.sunk["NEUR"] += mode.entry_fee_neur
        self.sunk["AIBA"] += mode.entry_fee_aiba

    def per_day(self, *, span_ms: int) -> dict[str, Any]:
        """The span's sums scaled to a day, and how much of it each daily cap would let through."""
        ensure(span_ms > 0, "a projection looks at some time")
        caps = {"AIBA": self.config.economy.daily_cap_aiba, "NEUR": self.config.economy.daily_cap_neur}
        wanted = {name: self.emitted[name] * MS_PER_DAY // span_ms for name in caps}
        return {
            "battles": self.battles * MS_PER_DAY // span_ms,
            "wanted": {name: str(amount) for name, amount in wanted.items()},
            "emitted": {name: str(min(amount, caps[name])) for name, amount in wanted.items()},
            "caps": {name: str(cap) for name, cap in caps.items()},
            "sunk": {name: str(self.sunk[name] * MS_PER_DAY // span_ms) for name in caps},
            "meanAibaPerBattleBps": self.emitted["AIBA"] * 10_000 // max(1, self.battles),
        }
