"""What a benchmark found, in words and in docs/benchmarks.md: a section is replaced, the rest stays."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = PROJECT / "docs" / "benchmarks.md"
_SHOWN: Final = ("nx-27017", "pymongo", "upstash-redis", "fastapi", "mangum", "pydantic")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Battles and the bare commands' ceiling with so many at once; `ratio` is the median of pairs of rounds."""

    concurrency: int
    battles_per_s: float
    ceiling_per_s: float
    ratio: float
    p50_ms: float
    p99_ms: float

    def describe(self) -> str:
        """One line for people."""
        return (
            f"{self.concurrency:2} at once: {self.battles_per_s:6.1f} battles/s of {self.ceiling_per_s:6.1f}"
            f" ({self.ratio:.0%}), p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms"
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """The median battle's milliseconds with few and with many rows and players."""

    small: int
    large: int
    small_ms: float
    large_ms: float

    @property
    def ratio(self) -> float:
        return self.large_ms / self.small_ms

    def describe(self) -> str:
        """One line for people."""
        return (
            f"p50 {self.small_ms:.2f} ms at {self.small:,}, {self.large_ms:.2f} ms at {self.large:,}"
            f" rows and players: {self.ratio:.2f} x"
        )


def describe_machine() -> str:
    """Processor count, load, Python and the packages that matter."""
    packages = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    load = os.getloadavg()[0]
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} x {platform.machine()}, load {load:.1f} before the"
        f" last round, Python {sys.version.split()[0]}, {packages}"
    )


def write_results(comparisons: Sequence[Comparison], growth: Growth | None, *, machine: str) -> None:
    """Replace the battle section of docs/benchmarks.md."""
    lines = [
        f"Machine: {machine}.",
        "",
        "| at once | battles/s | bare commands/s | ratio | p50 ms | p99 ms |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {found.concurrency} | {found.battles_per_s:.0f} | {found.ceiling_per_s:.0f} | {found.ratio:.0%}"
        f" | {found.p50_ms:.1f} | {found.p99_ms:.1f} |"
        for found in comparisons
    ]
    if growth is not None:
        lines += ["", f"Cost and size of the data: {growth.describe()}."]
    replace_section("battle", "\n".join(lines))


def replace_section(name: str, text: str, *, document: Path = DOCUMENT) -> None:
    """Put `text` between the document's marks of that name. Raises ValueError where it has none."""
    begin, end = f"<!-- bench:{name} -->\n", f"<!-- /bench:{name} -->"
    before, mark, rest = document.read_text().partition(begin)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        raise ValueError(f"{document.name} has no section {name}")
    document.write_text(f"{before}{begin}{text}\n{closing}{after}")
