"""The two query parameters of every list: how many, and from where on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from shared.services.read_history import MAX_PAGE

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items per page")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=1024,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`nextCursor` of the page before; opaque, and only good for the same list",
    ),
]
