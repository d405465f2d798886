"""X-Ray subsegments: whom an invocation asked, how long that took and whether it failed, and nothing else.

AWS's X-Ray SDKs only get security fixes any more, and OpenTelemetry's would cost every start its import,
while the daemon that Lambda runs beside a traced function takes a datagram for each. Sources: X-Ray developer
guide, "Sending trace data to X-Ray" and "X-Ray segment documents"; Lambda developer guide, "Using the Lambda
runtime API" (the trace header, which is new for each invocation and absent during INIT).
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import lru_cache
from types import TracebackType
from typing import Final

from shared.config.environment import process_environment

HEADER_LINE: Final = '{"format":"json","version":1}\n'
FAULT: Final = {"fault": True}
THROTTLED: Final = {"error": True, "throttle": True}
_NOTHING: Final = nullcontext()
_IDS: Final = r"(1-[0-9a-f]{8}-[0-9a-f]{24}) ([0-9a-f]{16})"

Trace = tuple[str, str]
"""The id of a trace that X-Ray records, and that of this invocation's segment in it."""
Flags = Callable[[Exception], Mapping[str, bool]]
"""Which of X-Ray's flags an error raises; none for one that is an answer."""


def recorded_trace() -> Trace | None:
    """The trace of this invocation; None outside of one, and for the most that X-Ray does not sample."""
    return _trace_of(process_environment().get("_X_AMZN_TRACE_ID", ""))


@lru_cache(maxsize=1)
def _trace_of(header: str) -> Trace | None:
    given = dict(part.partition("=")[::2] for part in header.split(";"))
    if given.get("Sampled") != "1":
        return None
    # A client can have sent the header, so nothing is passed on but what has the form.
    found = re.fullmatch(_IDS, f"{given.get('Root')} {given.get('Parent')}")
    return None if found is None else (found[1], found[2])


def a_fault(_error: Exception) -> Mapping[str, bool]:
    """For calls of which every error means that the other side failed."""
    return FAULT


def traced(name: str, *, flags: Flags = a_fault) -> AbstractContextManager[object]:
    """Tell X-Ray of the call inside, under its callee's `name`. What it raises passes through."""
    trace = recorded_trace()
    if trace is None:
        return _NOTHING
    address = process_environment().get("AWS_XRAY_DAEMON_ADDRESS")
    return _Subsegment(name, trace, address, flags) if address else _NOTHING


class _Subsegment:
    __slots__ = ("_address", "_flags", "_name", "_start_ns", "_started_ns", "_trace")

    def __init__(self, name: str, trace: Trace, address: str, flags: Flags) -> None:
        self._name, self._trace, self._address, self._flags = name, trace, address, flags

    def __enter__(self) -> None:
        self._start_ns, self._started_ns = time.time_ns(), time.perf_counter_ns()

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        # The clock may be set meanwhile; a subsegment never ends before it starts.
        end_ns = self._start_ns + time.perf_counter_ns() - self._started_ns
        document = {
            "type": "subsegment",
            "id": os.urandom(8).hex(),
            "trace_id": self._trace[0],
            "parent_id": self._trace[1],
            "name": self._name,
            "namespace": "remote",
            "start_time": self._start_ns / 1e9,
            "end_time": end_ns / 1e9,
            **(self._flags(error) if isinstance(error, Exception) else {}),
        }
        _daemon.send(json.dumps(document), self._address)


class _Daemon:
    """The one socket of this process, made for the first datagram."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def send(self, document: str, address: str) -> None:
        # Best effort, here alone: a subsegment that is lost (no daemon, no room in its queue, an address
        # that is none) is a gap in a picture, and must never change or delay what a player is answered.
        with suppress(OSError, ValueError, OverflowError), self._lock:
            host, _, port = address.rpartition(":")
            socket.inet_pton(socket.AF_INET, host)  # a name would be looked up, which may take seconds
            if self._socket is None:
                self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._socket.setblocking(False)
            self._socket.sendto((HEADER_LINE + document).encode(), (host, int(port)))

    def close(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


_daemon: Final = _Daemon()


def close_daemon_socket() -> None:
    """For a snapshot, which must carry no socket; the next subsegment makes one."""
    _daemon.close()
