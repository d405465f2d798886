"""Complete replies as ASGI messages, for the parts of the edge that do without a framework."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, headers (lower-case names) and a whole body; itself an ASGI application."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        headers = [(name.encode(), value.encode("latin-1")) for name, value in self.headers.items()]
        if self.status != 204:
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def json_reply(
    status: int,
    document: Any,
    *,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A JSON document in UTF-8, spelled without spaces."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return Reply(status, body, {"content-type": media_type, **(headers or {})})
