"""A toncenter provider that misbehaves: the real one behind it, its answers changed or replaced on the way."""

from __future__ import annotations

import http.client
import json
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Document = dict[str, Any]
Change = Callable[[str, Document], None]
Mishap = Callable[["_Handler"], None]


class DistortingProxy:
    """`change(method, document)` alters answers in place; `mishaps` replace the next answers, one each.

    The answer of a get-method is offered twice: as `runGetMethod` and under the get-method's own name.
    """

    def __init__(self, target: str) -> None:
        self.change: Change = lambda method, document: None
        self.mishaps: deque[Mishap] = deque()
        self.methods: list[str] = []
        self.connections = 0
        self.target = urlsplit(target)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forward(self, verb: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Document]:
        connection = http.client.HTTPConnection(self.target.netloc, timeout=5)
        try:
            connection.request(verb, self.target.path + path, body=body or None, headers=headers)
            answer = connection.getresponse()
            document: Document = json.loads(answer.read())
            return answer.status, document
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: DistortingProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.proxy.connections += 1

    def do_GET(self) -> None:
        self.answer("GET", b"")

    def do_POST(self) -> None:
        self.answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, verb: str, body: bytes) -> None:
        proxy = self.server.proxy
        call = json.loads(body) if body else {}
        method = call.get("method") or urlsplit(self.path).path.removeprefix("/api/v3/")
        proxy.methods.append(method)
        if proxy.mishaps:
            proxy.mishaps.popleft()(self)
            return
        headers = {"X-API-Key": self.headers.get("X-API-Key", ""), "Content-Type": "application/json"}
        status, document = proxy.forward(verb, self.path, body, headers)
        proxy.change(method, document)
        if method == "runGetMethod":
            proxy.change(call["params"]["method"], document)
        self.reply(status, json.dumps(document).encode())

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def replying(status: int, body: bytes, **headers: str) -> Mishap:
    """Answer with exactly this."""
    return lambda handler: handler.reply(status, body, **headers)


def hanging(stop: threading.Event) -> Mishap:
    """Say nothing until the test is over."""

    def mishap(handler: _Handler) -> None:
        stop.wait(10)
        handler.close_connection = True

    return mishap


def trickling(stop: threading.Event) -> Mishap:
    """A body that never ends, one byte at a time: every read succeeds, the answer never comes."""

    def mishap(handler: _Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not stop.wait(0.05):
            handler.wfile.write(b" ")
        handler.close_connection = True

    return mishap


def in_chunks(handler: _Handler) -> None:
    """The real answer's shape is not needed: two chunks that make one JSON object."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'8\r\n{"ok":tr\r\n' + b'f\r\nue,"result":{}}\r\n0\r\n\r\n')


def until_closed(handler: _Handler) -> None:
    """An answer as HTTP/1.0 gives it: no length, the end of the connection ends it."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(b'{"ok":true,"result":{}}')
    handler.close_connection = True


def hanging_up(handler: _Handler) -> None:
    """Close without a word."""
    handler.close_connection = True


def cutting_short(handler: _Handler) -> None:
    """Promise more bytes than are sent."""
    handler.reply(200, b'{"ok":', Content_Length="400")
    handler.close_connection = True


def talking_nonsense(handler: _Handler) -> None:
    """Something that is not HTTP."""
    handler.wfile.write(b"SSH-2.0-nonsense\r\n")
    handler.close_connection = True
