"""Opaque keyset cursors: where the next page begins, bound to the list they were made for."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from shared.domain.canonical_json import canonical_bytes
from shared.domain.errors import Refused

MAX_LENGTH: Final = 1_024


def write_cursor(listing: str, position: Mapping[str, Any]) -> str:
    """A cursor for this listing (its name and filters); base64url without padding, [A-Za-z0-9_-]."""
    text = canonical_bytes({"of": listing, "at": dict(position)})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_cursor(listing: str, cursor: str) -> Mapping[str, Any]:
    """The position in a cursor of this listing.

    Raises Refused `invalid_cursor` for anything else, also for a cursor of another listing: its
    position would mean something different there. The position is the client's word, not ours.
    """
    content = _decoded(cursor) if len(cursor) <= MAX_LENGTH else None
    if (
        not isinstance(content, dict)
        or content.get("of") != listing
        or not isinstance(content.get("at"), dict)
    ):
        raise _foreign()
    return dict(content["at"])


def cursor_int(position: Mapping[str, Any], name: str, *, low: int, high: int) -> int:
    """A whole number of a cursor's position within bounds, or Refused `invalid_cursor`."""
    value = position.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise _foreign()


def _decoded(cursor: str) -> Any:
    """The JSON in a cursor, or None where there is none."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        return json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None


def _foreign() -> Refused:
    return Refused("This cursor is not one of this list", code="invalid_cursor")
