"""Forms that several admin routes share: reasons, times, accounts, and the revision a change expects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path
from pydantic import Field

from functions.edge.models import Amount, View
from shared.domain.errors import Refused

Reason = Annotated[str, Field(min_length=3, max_length=500, description="Why; kept in the audit")]
Until = Annotated[
    str | None,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z$",
        description="ISO 8601, UTC; absent means for good",
        examples=["2026-12-24T00:00:00Z"],
    ),
]
Account = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="A player's id")]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Document = Annotated[dict[str, Any], Field(description="A JSON object")]
Balances = Annotated[dict[str, Amount], Field(description="Whole units per currency")]
_REVISION: Final = re.compile(r'"?([0-9]{1,15})"?\Z', re.ASCII)


def until_ms(until: str | None) -> int:
    """UTC milliseconds, 0 for good. Raises Refused `invalid_until` for a day the calendar lacks.

    The first moment of 1970 is 0 as well: a time that is over long ago would mean for good.
    """
    if until is None:
        return 0
    try:
        moment = datetime.fromisoformat(until.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as error:
        raise Refused("There is no such time", code="invalid_until", extra={"field": "until"}) from error
    found_ms = int(moment.timestamp() * 1000)
    if found_ms <= 0:
        raise Refused("A ban ends in the future", code="invalid_until", extra={"field": "until"})
    return found_ms


async def expected_revision(
    if_match: Annotated[
        str | None, Header(description="The revision this change was made from, as the ETag says it")
    ] = None,
) -> int:
    """The revision of If-Match (RFC 9110). Raises Refused `revision_required`, `invalid_revision`.

    A coroutine, because FastAPI sends plain functions to a thread.
    """
    if if_match is None:
        raise Refused("Send If-Match with the revision you looked at", code="revision_required")
    found = _REVISION.match(if_match.strip())
    if found is None:
        raise Refused("If-Match is a revision in quotes", code="invalid_revision")
    return int(found[1])


IfMatch = Annotated[int, Depends(expected_revision)]


class FieldChangeView(View):
    """One field that differs; null where it did not exist."""

    field: str
    before: Any
    after: Any
