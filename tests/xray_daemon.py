"""X-Ray's daemon as functions see it: a UDP socket on loopback that takes datagrams and never answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0"
DATAGRAM_MAX = 65_507


class XrayDaemon:
    """`datagrams` are all that came so far, as they were sent."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self.datagrams: list[bytes] = []

    def subsegments(self) -> list[dict[str, Any]]:
        """What came since this was last asked; on loopback a datagram is there when its sending returns."""
        found = []
        while True:
            try:
                datagram = self._listener.recv(2 * DATAGRAM_MAX)
            except BlockingIOError:
                return found
            self.datagrams.append(datagram)
            head, _, document = datagram.partition(b"\n")
            assert json.loads(head) == {"format": "json", "version": 1}
            found.append(json.loads(document))

    def trace_invocations(self, monkeypatch: pytest.MonkeyPatch, header: str = SAMPLED) -> None:
        """From now on this process is in an invocation that X-Ray traces, as Lambda tells it."""
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", self.address)
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)


@contextmanager
def xray_daemon() -> Iterator[XrayDaemon]:
    """A daemon until the block ends; afterwards nobody listens at its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        listener.setblocking(False)
        listener.bind(("127.0.0.1", 0))
        yield XrayDaemon(listener)


def outcomes(subsegments: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(name, flags that are raised) of each."""
    flags = ("error", "throttle", "fault")
    return [(each["name"], " ".join(flag for flag in flags if each.get(flag))) for each in subsegments]
