"""What the edge learns about one request while serving it; the log line and the reply's headers come from here."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

if TYPE_CHECKING:
    from shared.wiring import EdgeWiring


Scope = MutableMapping[str, Any]

SCOPE_KEY: Final = "arena.exchange"
_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z", re.ASCII)
_PLATFORM_REQUEST_ID = re.compile(r"[A-Za-z0-9._=+/-]{1,64}\Z", re.ASCII)


@dataclass(slots=True)
class Exchange:
    """One request's own record; nothing here outlives the reply.

    `wiring` is set as soon as the function is ready. `reply_headers` are added to whatever is answered. `subject` names who asked (`player:<id>`) for
    limits and, hashed, for the log. `body` is the parsed JSON body where `has_body`. `claim_id` is the claim
    it is about, for the log as a hash; `new_claim_state` how the request left a claim that it made.
    """

    request_id: str
    path: str
    wiring: EdgeWiring = field(init=False)
    route: str = ""
    subject: str = ""
    identity: Any = None
    body: Any = None
    has_body: bool = False
    outcome: str = "ok"
    cause: BaseException | None = None
    is_limiter_down: bool = False
    claim_id: str = ""
    new_claim_state: str = ""
    reply_headers: dict[str, str] = field(default_factory=dict)

    def take_provider_outcomes(self) -> Mapping[str, int]:
        """How TON providers answered since this was last asked; empty where nobody asked them."""
        return self.wiring.provider_outcomes() if hasattr(self, "wiring") else {}


def exchange_of(scope: Scope) -> Exchange:
    """The record the boundary put into this request's ASGI scope."""
    exchange: Exchange = scope[SCOPE_KEY]
    return exchange


def header(scope: Scope, name: str) -> str:
    """A request header's value (latin-1, as HTTP has it), or the empty text; `name` in lower case."""
    wanted = name.encode()
    for given, value in scope["headers"]:
        if given == wanted:
            return str(bytes(value).decode("latin-1"))
    return ""


def request_id_of(scope: Scope) -> str:
    """The client's X-Request-Id if it is well-formed, else API Gateway's id, else a new one."""
    from_client = header(scope, "x-request-id")
    if _CLIENT_REQUEST_ID.match(from_client):
        return from_client
    event: Mapping[str, Any] = scope.get("aws.event") or {}
    from_platform = str(event.get("requestContext", {}).get("requestId", ""))
    return from_platform if _PLATFORM_REQUEST_ID.match(from_platform) else uuid4().hex
