"""The arithmetic of docs/scale.md: what so many battles a second need, one function per column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

RATES: Final = (100, 1_000, 10_000, 100_000)
HOLDS_PER_SHARD_S: Final = 500
COMMANDS: Final = 4
COMMANDS_AFTER_CAP: Final = 3
ROW_BYTES: Final = 1_665
BATTLE_MS: Final = 40
LARGEST_AIBA: Final = 468
REWARDS_PER_SHARD: Final = 100
SECONDS_PER_DAY: Final = 86_400
LOOKS: Final = 3
"""How often a row is looked at while a task keeps up: once when new, twice more within two minutes."""
ACCOUNTS_PER_READ: Final = 100
ROWS_PER_PAGE: Final = 500
COMMAND_MS: Final = 2.0
READ_MS: Final = 10.0
"""A read of a hundred documents, or of a page of rows; both times are assumed of a cluster in the region."""
OWN_MS: Final = {"boards": 0.75, "janitor": 0.1}
"""Of our own processor time, all looks together: what `./arena bench settle` measured."""
SETTLE_HEAD: Final = (
    "| task | commands per account and minute | ms | accounts/s, its own seconds alone"
    " | accounts/s, the others idle | accounts/s, fallen behind |"
)
HEAD: Final = (
    "| battles/s | database commands/s | after the cap | budget shards | AIBA cap they need"
    " | rows written MB/s | rows GB/day | Lambda concurrency |"
)


def budget_shards(battles_per_s: int) -> int:
    """Shards so that none takes more than 500 holds a second."""
    return -(-battles_per_s // HOLDS_PER_SHARD_S)


def smallest_cap(battles_per_s: int) -> int:
    """The daily cap from which `plan_budget` allows that many shards: a hundred largest rewards each."""
    return budget_shards(battles_per_s) * REWARDS_PER_SHARD * LARGEST_AIBA


def concurrency(battles_per_s: int) -> int:
    """Little's law: arrivals a second times seconds each."""
    return -(-battles_per_s * BATTLE_MS // 1000)


def table() -> str:
    """The table of docs/scale.md."""
    lines = [HEAD, "|" + " --- |" * 8]
    for rate in RATES:
        cells = (
            f"{rate:,}",
            f"{rate * COMMANDS:,}",
            f"{rate * COMMANDS_AFTER_CAP:,}",
            f"{budget_shards(rate):,}",
            f"{smallest_cap(rate):,}",
            f"{rate * ROW_BYTES / 1e6:,.1f}",
            f"{rate * ROW_BYTES * SECONDS_PER_DAY / 1e9:,.0f}",
            f"{concurrency(rate):,}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at an account with one row costs: single commands, and shares of larger reads."""

    single: float
    reads: float

    @property
    def commands(self) -> float:
        return self.single + self.reads

    @property
    def ms(self) -> float:
        return self.single * COMMAND_MS + self.reads * READ_MS


_PAGE: Final = Look(single=1 / ROWS_PER_PAGE, reads=1 / ROWS_PER_PAGE)
"""Every look: its share of reading the page and of moving the watermark."""
SETTLE_LOOKS: Final = {
    "boards": (
        Look(_PAGE.single + 1, _PAGE.reads + 3 / ACCOUNTS_PER_READ),
        Look(_PAGE.single, _PAGE.reads + 1 / ACCOUNTS_PER_READ),
    ),
    "janitor": (Look(_PAGE.single, _PAGE.reads + 1 / ROWS_PER_PAGE),) * 2,
}
"""Task -> the look at something new (boards: standings, players, rows, one write), and each one after it."""


def settle_commands(task: str) -> float:
    """Database commands for an account with one new row, all looks together."""
    first, again = SETTLE_LOOKS[task]
    return first.commands + (LOOKS - 1) * again.commands


def settle_ms(task: str, *, looks: int = LOOKS) -> float:
    """How long an account with one new row takes; fallen behind, everything is looked at once."""
    first, again = SETTLE_LOOKS[task]
    return first.ms + (looks - 1) * again.ms + OWN_MS[task]


def settle_follows(task: str, *, seconds: int, looks: int = LOOKS) -> int:
    """Accounts a second that a run each minute of so many seconds follows."""
    return int(seconds * 1000 / settle_ms(task, looks=looks) / 60)


def settle_table(own: Mapping[str, int], idle: Mapping[str, int]) -> str:
    """The table of docs/scale.md about settle, from each task's own seconds and those it has when alone."""
    lines = [SETTLE_HEAD, "|" + " --- |" * 6]
    for task in SETTLE_LOOKS:
        cells = (
            task,
            f"{settle_commands(task):.3f}",
            f"{settle_ms(task):.2f}",
            f"{settle_follows(task, seconds=own[task]):,}",
            f"{settle_follows(task, seconds=idle[task]):,}",
            f"{settle_follows(task, seconds=idle[task], looks=1):,}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
