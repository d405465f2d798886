"""A Runtime API for one runtime process, one step at a time: its INIT, its snapshot, its restore, its events.

Source of the protocol: Lambda developer guide, "Using the Lambda runtime API"; `restore/next` and
`restore/error` are what the runtime itself asks when a snapshot is taken of it.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from queue import Queue
from typing import Any, Final

from typing_extensions import override

from infra.bench.quiet_server import QuietHandler, QuietServer

NEXT: Final = "invocation/next"
INIT_ERROR: Final = "init/error"
RESTORE_NEXT: Final = "restore/next"
RESTORE_ERROR: Final = "restore/error"
_PREFIX: Final = "/2018-06-01/runtime/"
_EVENT_LIMIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A handler's answer, or the runtime's error object; `took_s` is from the event's sending to its arrival."""

    is_error: bool
    body: bytes
    took_s: float


class _Calls(QuietHandler):
    server: RuntimeEndpoint

    @override
    def do_GET(self) -> None:
        call = self.path.removeprefix(_PREFIX)
        self.server.note(call)
        if call == RESTORE_NEXT:
            self.server.restored.wait()
            self.reply(200, b"")
            return
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        self.server.sent_s = time.perf_counter()
        self.reply(200, event, **self.server.event_headers())

    @override
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        took_s = time.perf_counter() - self.server.sent_s
        self.reply(202, b"{}")
        call = self.path.removeprefix(_PREFIX)
        if call in (INIT_ERROR, RESTORE_ERROR):
            self.server.failure = body.decode()
            self.server.note(call)
        else:
            self.server.outcomes.put(Outcome(call.endswith("/error"), body, took_s))


class RuntimeEndpoint(QuietServer):
    """`heard` lists what the runtime asked for or reported; a restore waits until `restored` is set.

    `trace_header` is that of the events to come.
    """

    def __init__(self) -> None:
        super().__init__(_Calls)
        self.heard: list[str] = []
        self.failure = ""
        self.restored = threading.Event()
        self.trace_header = "Root=1-00000000-000000000000000000000000;Sampled=0"
        self.events: Queue[bytes | None] = Queue()
        self.outcomes: Queue[Outcome] = Queue()
        self.sent_s = 0.0
        self._sent = 0
        self._changed = threading.Condition()

    def send(self, event: Any) -> Outcome:
        """Hand the runtime one event and wait for its answer. Raises queue.Empty after ten seconds."""
        self.events.put(json.dumps(event).encode())
        return self.outcomes.get(timeout=_EVENT_LIMIT_S)

    def wait_for(self, *calls: str, within_s: float) -> str:
        """The first of these calls that is heard. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: not set(calls).isdisjoint(self.heard), within_s):
                raise TimeoutError(f"the runtime asked for {self.heard}, not for one of {calls}")
            return next(call for call in self.heard if call in calls)

    def note(self, call: str) -> None:
        """Remember a call and wake who waits for it."""
        with self._changed:
            self.heard.append(call)
            self._changed.notify_all()

    def event_headers(self) -> dict[str, str]:
        """What the platform says about an event beside its body; the runtime crashes without the type of its body."""
        self._sent += 1
        return {
            "Lambda-Runtime-Aws-Request-Id": f"00000000-0000-4000-8000-{self._sent:012d}",
            "Lambda-Runtime-Deadline-Ms": str(time.time_ns() // 1_000_000 + round(_EVENT_LIMIT_S * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:000000000000:function:measured",
            "Lambda-Runtime-Trace-Id": self.trace_header,
            "Content-Type": "application/json",
        }

    @override
    def let_go(self) -> None:
        self.restored.set()
        self.events.put(None)
