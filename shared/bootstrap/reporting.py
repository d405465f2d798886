"""Where services report facts worth counting; the function that runs them decides what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Report = Callable[[str, Mapping[str, Any]], None]
"""(name, facts): a metric's name in snake_case and what it counts or measures."""


def report_nothing(name: str, facts: Mapping[str, Any]) -> None:
    """For runs nobody watches, such as tests of something else."""


@dataclass(slots=True)
class ReportedFacts:
    """What was reported since it was last taken, in order; whoever takes it starts anew."""

    _facts: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def add(self, name: str, facts: Mapping[str, Any]) -> None:
        self._facts.append((name, facts))

    def taken(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Every (name, facts) so far."""
        facts, self._facts = self._facts, []
        return facts
