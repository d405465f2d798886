"""Where services report facts worth counting; the function that runs them decides what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Report = Callable[[str, Mapping[str, Any]], None]
"""(name, facts): a metric's name in snake_case and what it counts or measures."""


def report_nothing(name: str, facts: Mapping[str, Any]) -> None:
    """For runs nobody watches, such as tests of something else."""
