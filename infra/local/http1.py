"""A small strict HTTP/1.1 server for loopback: one request in, one response out, connections kept alive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

_HEAD_LIMIT_BYTES = 10_240  # API Gateway: request line and headers together
_IDLE_LIMIT_S = 75.0
_BODILESS = frozenset({204, 304})
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One parsed request; header names are lower case and keep their order and repetitions."""

    method: str
    target: str
    protocol: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str

    def header(self, name: str) -> str | None:
        """The first value of `name` (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back; content-length and connection are the server's to write."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Handler = Callable[[Request], Awaitable[Response]]


class BadRequest(Exception):
    """The bytes were not one acceptable request; the connection ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def json_response(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """A response whose body is already JSON text."""
    return Response(status, (("content-type", "application/json"), *headers), text.encode())


def message_response(status: int) -> Response:
    """API Gateway's own short answer: `{"message": "<reason>"}`."""
    reason = {413: "Request Entity Too Large", 500: "Internal Server Error"}.get(
        status, HTTPStatus(status).phrase
    )
    return json_response(status, f'{{"message":"{reason}"}}')


class HttpServer:
    """Serves `handler` on loopback; `body_limit_bytes` is judged before the body is read."""

    def __init__(self, handler: Handler, *, body_limit_bytes: int) -> None:
        self._handler = handler
        self._body_limit_bytes = body_limit_bytes
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Bind `port`, or any free one when it is 0 or taken."""
        try:
            self._server = await self._bind(port)
        except OSError:
            self._server = await self._bind(0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _bind(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(
            self._connected, "127.0.0.1", port, limit=_HEAD_LIMIT_BYTES, backlog=1024
        )

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client went away, or never finished its request
        except asyncio.CancelledError:
            pass  # stop() ends idle connections this way
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        is_open = True
        while is_open:
            try:
                request = await self._read(reader, writer, peer)
            except BadRequest as error:
                await _write(writer, message_response(error.status), is_head=False, is_kept=False)
                await _linger(reader)
                return
            is_open = _wants_to_stay(request)
            response = await self._answer(request)
            await _write(writer, response, is_head=request.method == "HEAD", is_kept=is_open)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._handler(request)
        except Exception:  # noqa: BLE001 - a server answers 500 whatever its handler did, and says so in its log
            _log.exception("%s %s failed", request.method, request.target)
            return message_response(500)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> Request:
        try:
            async with asyncio.timeout(_IDLE_LIMIT_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise BadRequest(431) from None
        method, target, protocol, headers = _parse_head(head)
        body_length = _body_length(headers)
        if body_length is not None and body_length > self._body_limit_bytes:
            raise BadRequest(413)
        if ("expect", "100-continue") in headers:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if body_length is None:
            body = await _read_chunks(reader, limit_bytes=self._body_limit_bytes)
        else:
            body = await reader.readexactly(body_length)
        return Request(method, target, protocol, headers, body, peer)


def _parse_head(head: bytes) -> tuple[str, str, str, tuple[tuple[str, str], ...]]:
    lines = head[:-4].decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0") or not words[0].isalpha():
        raise BadRequest(400)
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\r" in line or "\n" in line or "\0" in line:
            raise BadRequest(400)
        headers.append((name.lower(), value.strip(" \t")))
    return words[0], words[1], words[2], tuple(headers)


def _body_length(headers: tuple[tuple[str, str], ...]) -> int | None:
    """The body's length in bytes, None when it is chunked; doubt is refused (request smuggling)."""
    lengths = {value for name, value in headers if name == "content-length"}
    encodings = [value.lower() for name, value in headers if name == "transfer-encoding"]
    if encodings:
        if lengths or encodings != ["chunked"]:
            raise BadRequest(400)
        return None
    if len(lengths) > 1 or not all(value.isascii() and value.isdigit() for value in lengths):
        raise BadRequest(400)
    return int(lengths.pop()) if lengths else 0


async def _read_chunks(reader: asyncio.StreamReader, *, limit_bytes: int) -> bytes:
    parts: list[bytes] = []
    total_bytes = 0
    while True:
        size_text = (await _read_line(reader)).split(b";")[0].strip()
        try:
            size_bytes = int(size_text, 16)
        except ValueError:
            raise BadRequest(400) from None
        if size_bytes < 0 or total_bytes + size_bytes > limit_bytes:
            raise BadRequest(413)
        if size_bytes == 0:
            while await _read_line(reader):
                pass  # trailers are read and dropped
            return b"".join(parts)
        parts.append(await reader.readexactly(size_bytes))
        total_bytes += size_bytes
        if await _read_line(reader):
            raise BadRequest(400)


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n"))[:-2]
    except asyncio.LimitOverrunError:
        raise BadRequest(400) from None


def _wants_to_stay(request: Request) -> bool:
    connection = (request.header("connection") or "").lower()
    return connection == "keep-alive" if request.protocol == "HTTP/1.0" else connection != "close"


async def _write(writer: asyncio.StreamWriter, response: Response, *, is_head: bool, is_kept: bool) -> None:
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers if name.lower() != "content-length"]
    if response.status not in _BODILESS:
        lines.append(f"content-length: {len(response.body)}")
    lines.append("connection: keep-alive" if is_kept else "connection: close")
    has_body = not is_head and response.status not in _BODILESS
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (response.body if has_body else b""))
    await writer.drain()


async def _linger(reader: asyncio.StreamReader) -> None:
    """Swallow what a refused client still sends: closing on unread bytes would reset our answer away."""
    try:
        async with asyncio.timeout(2.0):
            while await reader.read(65_536):
                pass
    except TimeoutError:
        pass
