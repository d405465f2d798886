"""One HTTP server, asked over connections that are kept, with a time limit for the whole exchange."""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final

IDLE_S: Final = 15.0
MAX_IDLE: Final = 4
_CHUNK_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request that may be sent twice: it changes nothing at the server."""

    verb: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]


class HttpEndpoint:
    """`host` is `name[:port]`. Redirects are answers like any other, so a key never follows one."""

    def __init__(self, host: str, *, is_encrypted: bool, max_answer_bytes: int) -> None:
        self._host = host
        self._is_encrypted = is_encrypted
        self._max_answer_bytes = max_answer_bytes
        self._idle: deque[tuple[HTTPConnection, float]] = deque()

    def send(self, request: HttpRequest, *, deadline_s: float) -> tuple[int, bytes]:
        """Status and body, before the monotonic time `deadline_s`.

        Raises TimeoutError, another OSError, or HTTPException (not HTTP, or an answer too large).
        """
        reused = self._take_idle()
        if reused is not None:
            try:
                return self._exchange(reused, request, deadline_s)
            except ConnectionError:
                # The other side closed it while it was idle, which says nothing about the server.
                pass
        connection = self._connect()
        return self._exchange(connection, request, deadline_s)

    def close(self) -> None:
        """Close what is idle; the endpoint can be used again."""
        while self._idle:
            self._idle.pop()[0].close()

    def _exchange(
        self, connection: HTTPConnection, request: HttpRequest, deadline_s: float
    ) -> tuple[int, bytes]:
        try:
            connection.timeout = _seconds_left(deadline_s)
            if connection.sock is None:
                connection.connect()
            # The response takes this socket over when the server closes after answering.
            sock = connection.sock
            sock.settimeout(_seconds_left(deadline_s))
            connection.request(request.verb, request.path, body=request.body, headers=dict(request.headers))
            answer = connection.getresponse()
            body = self._read(answer, sock, deadline_s)
        except BaseException:
            connection.close()
            raise
        self._keep(connection, is_closing=answer.will_close)
        return answer.status, body

    def _read(self, answer: HTTPResponse, sock: Any, deadline_s: float) -> bytes:
        # Before Python 3.11.8 read1 does not count down `length` itself: past the end it would wait.
        promised = answer.length
        body = bytearray()
        while promised is None or len(body) < promised:
            chunk = answer.read1(_CHUNK_BYTES)
            if not chunk:
                break
            body += chunk
            if len(body) > self._max_answer_bytes:
                raise HTTPException("the answer is too large")
            # A trickle of bytes must not restart the time limit.
            sock.settimeout(_seconds_left(deadline_s))
        if promised is not None and len(body) < promised:
            raise HTTPException("the answer is cut short")
        # Read to its end, but http.client frees the connection only for a response that is closed.
        answer.close()
        return bytes(body)

    def _keep(self, connection: HTTPConnection, *, is_closing: bool) -> None:
        if is_closing or len(self._idle) >= MAX_IDLE:
            connection.close()
        else:
            self._idle.append((connection, time.monotonic()))

    def _take_idle(self) -> HTTPConnection | None:
        while self._idle:
            connection, since_s = self._idle.pop()
            # A function frozen between events keeps connections that nobody holds at the other end.
            if time.monotonic() - since_s < IDLE_S:
                return connection
            connection.close()
        return None

    def _connect(self) -> HTTPConnection:
        if self._is_encrypted:
            return HTTPSConnection(self._host, context=self._tls)
        return HTTPConnection(self._host)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        import ssl

        return ssl.create_default_context()


def _seconds_left(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the time limit of the exchange is over")
    return left_s
