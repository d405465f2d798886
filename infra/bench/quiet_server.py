"""Loopback HTTP servers that answer a measured process at once, say nothing and end when told to."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from typing_extensions import override


class QuietHandler(http.server.BaseHTTPRequestHandler):
    """An answer leaves as one packet: a second one would wait for the other side's acknowledgement."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer a question; a server that takes none refuses it."""
        self.reply(405, b"")

    def do_POST(self) -> None:
        """Take a report; a server that takes none refuses it."""
        self.reply(405, b"")

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        """Status, headers and body together."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *arguments: Any) -> None:
        return


class QuietServer(http.server.ThreadingHTTPServer):
    """On a free port of loopback."""

    daemon_threads = True

    def __init__(self, handler: type[QuietHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Answer from a thread of its own until the block ends."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.let_go()
            self.shutdown()
            thread.join()
            self.server_close()

    def let_go(self) -> None:
        """Called before the end: answer whoever is kept waiting."""

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that was killed while we answered it is no error of ours; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
