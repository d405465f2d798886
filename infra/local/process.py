"""One part of the local stack as a child process: ready by one line on stdout, ended with all it started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STOP_WITHIN_S = 3.0
_POLL_S = 0.02
_GROUP_GONE_WITHIN_S = 0.5
_LAST_LINES = 15


class PartFailed(Exception):
    """A part of the stack did not start or has died; says which one, why, and its log's last lines."""

    def __init__(self, name: str, reason: str, *, log_path: Path, last_lines: Sequence[str]) -> None:
        self.name = name
        self.reason = reason
        shown = "\n".join(f"    {line}" for line in last_lines) or "    (nothing)"
        super().__init__(f"{name} {reason}\n  last lines of {log_path}:\n{shown}")


@dataclass(frozen=True, slots=True)
class PartPlan:
    """How to start a part: it prints `ready <anything> <url> [<url>]` once it accepts connections."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    directory: Path
    log_path: Path
    ready_within_s: float = 60.0


class Part:
    """A started part; leader of its own process group, so that nothing it starts can be left behind."""

    def __init__(self, plan: PartPlan) -> None:
        """Start the process; `wait_ready` says when it can be used. Raises PartFailed when it cannot start."""
        self.plan = plan
        self.urls: tuple[str, ...] = ()
        plan.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._reader: threading.Thread | None = None
        self._started_s = time.monotonic()
        with plan.log_path.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                    plan.command,
                    cwd=plan.directory,
                    env=dict(plan.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                raise self._failed(f"could not be started: {error.strerror}: {plan.command[0]}") from error

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self) -> tuple[str, ...]:
        """The URLs of its ready line. Raises PartFailed when it ends or stays silent for its time limit."""
        out = self._process.stdout
        if out is None or self.urls:
            return self.urls
        text = b""
        while b"\n" not in text:
            left_s = self._started_s + self.plan.ready_within_s - time.monotonic()
            readable, _, _ = select.select([out], [], [], max(0.0, left_s))
            if not readable:
                self.stop()
                raise self._failed(f"was not ready within {self.plan.ready_within_s:.0f} s")
            data = os.read(out.fileno(), 4096)
            if not data:
                self.stop()
                raise self._failed(f"ended with exit code {self._process.returncode} before it was ready")
            text += data
        line, _, rest = text.partition(b"\n")
        words = line.decode(errors="replace").split()
        if len(words) < 3 or words[0] != "ready":
            self.stop()
            raise self._failed(f"said {line.decode(errors='replace')!r} instead of being ready")
        self.urls = tuple(words[2:])
        self._reader = threading.Thread(target=_copy, args=(out, self.plan.log_path, rest), daemon=True)
        self._reader.start()
        return self.urls

    def check(self) -> None:
        """Raise PartFailed when the part has died."""
        if not self.is_running:
            raise self._failed(f"ended with exit code {self._process.returncode}")

    def pause(self) -> None:
        """Freeze the part and all it started: it accepts connections and never answers."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused part go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End the part and all it started at once, as a power cut would."""
        self._finish()

    def stop(self) -> None:
        """Ask the part to end, insist after STOP_WITHIN_S seconds; stopping twice is fine."""
        if self.is_running:
            self._signal_group(signal.SIGCONT)
            self._process.terminate()
            end_s = time.monotonic() + STOP_WITHIN_S
            while self.is_running and time.monotonic() < end_s:
                time.sleep(_POLL_S)
        self._finish()

    def _finish(self) -> None:
        """Kill what is left of the group, wait for the part, and keep the last of what it wrote."""
        self._signal_group(signal.SIGKILL)
        self._process.wait()
        end_s = time.monotonic() + _GROUP_GONE_WITHIN_S  # a limit, as not every init reaps its orphans
        while self._signal_group(signal.SIGKILL) and time.monotonic() < end_s:
            time.sleep(_POLL_S)
        if self._reader is not None:
            self._reader.join(1.0)
        elif self._process.stdout is not None:
            self._process.stdout.close()

    def _signal_group(self, number: signal.Signals) -> bool:
        """False when nobody of the group is left (macOS answers EPERM when only a zombie is)."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _failed(self, reason: str) -> PartFailed:
        log_path = self.plan.log_path
        return PartFailed(self.name, reason, log_path=log_path, last_lines=last_lines(log_path))


def last_lines(log_path: Path, count: int = _LAST_LINES) -> list[str]:
    """The end of a log; nothing where there is no log."""
    if not log_path.exists():
        return []
    with log_path.open(errors="replace") as log:
        return [line.rstrip("\n") for line in deque(log, maxlen=count)]


def _copy(out: IO[bytes], log_path: Path, rest: bytes) -> None:
    """Keep reading a part's stdout into its log, so that a full pipe never stops it."""
    with out, log_path.open("ab", buffering=0) as log:
        log.write(rest)
        while data := os.read(out.fileno(), 65_536):
            log.write(data)
