"""Moments as an operator types them."""

from __future__ import annotations

from datetime import datetime

import typer


def moment_ms(text: str) -> int:
    """UTC milliseconds of `2026-11-22T10:00Z`; ends the command where no zone says which ten o'clock."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(
            "a moment is written 2026-11-22T10:00Z, with its zone", param_hint="--since"
        ) from None
    return round(moment.timestamp()) * 1000
