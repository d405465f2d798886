"""What an HTTP function loads with its first events, loaded before a snapshot: time costs nothing there."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final

FIRST_USE: Final = (
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "pymongo",
    "shared.adapters.upstash_limiter",
    "_strptime",
)
"""Log, metrics, database, limiter and dates."""


def load_first_use(modules: Sequence[str]) -> None:
    """Load what every HTTP function needs and `modules`, which one of them needs; nothing connects."""
    for module in (*FIRST_USE, *modules):
        import_module(module)
    # The limiter's client loads its transport and the certificates when one is made.
    import httpx

    httpx.Client().close()
