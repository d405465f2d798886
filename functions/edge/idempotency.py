"""The Idempotency-Key of a request that moves value, and what makes two requests the same request.

Header format: IETF draft-ietf-httpapi-idempotency-key-header (a quoted string; unquoted is accepted).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, Header, Request

from functions.edge.exchange import Exchange, exchange_of
from functions.edge.problems import REPLAYED_HEADER
from shared.domain.canonical_json import canonical_bytes
from shared.domain.errors import Refused

BODY_FIELD: Final = "requestId"
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z", re.ASCII)


class AnsweredOnce(Protocol):
    """What a service hands back for a keyed request: services.commit.Outcome and its like."""

    @property
    def is_replay(self) -> bool: ...

    def answer(self) -> dict[str, Any]:
        """The recorded answer; a recorded refusal is raised as Refused with extra `isReplay`."""
        ...


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """The client's key, and the fingerprint (sha256, hex) of the request it was sent with."""

    key: str
    fingerprint: str
    _exchange: Exchange = field(repr=False, compare=False)

    def answer(self, outcome: AnsweredOnce) -> dict[str, Any]:
        """The outcome's answer, with Idempotent-Replayed on the reply if it was given before."""
        if outcome.is_replay:
            self.mark_replayed()
        return outcome.answer()

    def mark_replayed(self) -> None:
        """For answers that are no ledger outcome: say that this key was answered before."""
        self._exchange.reply_headers[REPLAYED_HEADER] = "true"


async def keyed_call(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="1-128 of A-Z a-z 0-9 . _ : - (quoted or not); `requestId` in the body is the same thing"
        ),
    ] = None,
) -> KeyedCall:
    """The request's key from the header or the body's requestId.

    Raises Refused `idempotency_key_required`, `idempotency_key_invalid`, or
    `idempotency_key_contradictory` when header and body name different keys. A coroutine, because
    FastAPI sends plain functions to a thread of their own, which costs more than all of this.
    """
    exchange = exchange_of(request.scope)
    body = exchange.body
    from_body = body.get(BODY_FIELD) if isinstance(body, Mapping) else None
    keys = {_checked(key) for key in (_unquoted(idempotency_key), from_body) if key is not None}
    if not keys:
        raise Refused("Send an Idempotency-Key header", code="idempotency_key_required")
    if len(keys) > 1:
        raise Refused("Header and body name different keys", code="idempotency_key_contradictory")
    return KeyedCall(keys.pop(), fingerprint_of(request.method, request.url.path, body), exchange)


def fingerprint_of(method: str, path: str, body: Any) -> str:
    """sha256 of method, concrete path and the body's canonical JSON without its key."""
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if name != BODY_FIELD} or None
    return hashlib.sha256(canonical_bytes({"method": method, "path": path, "body": body})).hexdigest()


def _unquoted(header: str | None) -> str | None:
    if header is not None and len(header) >= 2 and header[0] == header[-1] == '"':
        return header[1:-1]
    return header


def _checked(key: object) -> str:
    if not isinstance(key, str) or _KEY.match(key) is None:
        raise Refused("A key has 1-128 of A-Z a-z 0-9 . _ : -", code="idempotency_key_invalid")
    return key


IdempotentCall = Annotated[KeyedCall, Depends(keyed_call)]
