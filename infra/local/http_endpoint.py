"""Serving one ASGI application on a loopback port, as a local endpoint."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from typing_extensions import override

from infra.local.endpoint_lifetime import announce

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 1 << 20


class BodyTooLarge(Exception):
    """A request carries more than MAX_BODY_BYTES."""


class _AnnouncedServer(uvicorn.Server):
    """uvicorn, except that it says when it is up and leaves the signals to the endpoint's lifetime."""

    def __init__(self, config: uvicorn.Config, *, name: str, url: str) -> None:
        super().__init__(config)
        self._name, self._url = name, url

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        announce(self._name, self._url)

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(app: AsgiApp, stopping: asyncio.Event, *, name: str, port: int) -> None:
    """Answer HTTP on 127.0.0.1:`port` (0 = any free one) until `stopping` is set.

    Raises OSError when the port is taken.
    """
    # asyncio turns Nagle's delay off only for sockets that name TCP; with it a call costs 43 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app, lifespan="off", ws="none", access_log=False, log_level="warning", timeout_keep_alive=60
        )
        server = _AnnouncedServer(config, name=name, url=url)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stopped.cancel()
        await serving


async def read_body(receive: Receive) -> bytes:
    """The whole request body. Raises BodyTooLarge."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge
        if not message.get("more_body"):
            return b"".join(parts)


async def reply_json(
    send: Send,
    status: int,
    document: Any,
    *,
    content_type: bytes = b"application/json",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Send `document` as the whole answer."""
    body = json.dumps(document, separators=(",", ":")).encode()
    length = str(len(body)).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", content_type), (b"content-length", length), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})
