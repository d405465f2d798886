"""The two query parameters of every list: how many, and from where on."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from shared.domain.cursors import MAX_LENGTH

_ITEMS: Final = "Items per page"
Limit = Annotated[int, Query(ge=1, le=50, description=_ITEMS)]
ClaimLimit = Annotated[int, Query(ge=1, le=100, description=_ITEMS)]
"""A player's claims are read together anyway, so that their pages may be longer."""
Cursor = Annotated[
    str | None,
    Query(
        max_length=MAX_LENGTH,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`nextCursor` of the page before; opaque, and only good for the same list",
    ),
]
