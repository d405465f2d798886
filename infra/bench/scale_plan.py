"""The arithmetic of docs/scale.md: what so many battles a second need, one function per column."""

from __future__ import annotations

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
