"""Starting and stopping a local endpoint as a child process, by its id and by its one ready line."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 30.0
STOP_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class EndpointProcess:
    """A running endpoint: `url` is where it accepts connections, `process` is its only handle."""

    name: str
    url: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rsplit(":", 1)[1])


def start_endpoint(module: str, *arguments: str, log: Path | None = None) -> EndpointProcess:
    """Run `python -m <module> <arguments>` and wait for its `ready <name> <url>` line.

    It stops by itself when this process dies. Its stderr goes to `log`, or to ours without one.
    Raises RuntimeError when it ends or says nothing for START_WITHIN_S seconds.
    """
    command = [sys.executable, "-m", module, "--exit-with-parent", *arguments]
    with ExitStack() as closing:
        # The child keeps its own descriptor of the log; ours would only stay open.
        stderr = closing.enter_context(log.open("ab")) if log is not None else None
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=PROJECT_ROOT,
        )
    try:
        _, name, url = _ready_line(process, module=module).split()
    except BaseException:
        _end(process)
        raise
    return EndpointProcess(name=name, url=url, process=process)


def stop_endpoint(endpoint: EndpointProcess) -> None:
    """Ask it to stop, insist after STOP_WITHIN_S seconds, and leave no zombie. Stopping twice is fine."""
    _end(endpoint.process)


def _ready_line(process: subprocess.Popen[str], *, module: str) -> str:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and process.stdout is not None:
        readable, _, _ = select.select([process.stdout], [], [], 0.2)
        if readable:
            line = process.stdout.readline()
            if line.startswith("ready "):
                return line
            raise RuntimeError(f"{module} ended with {process.wait()} before it was ready")
    raise RuntimeError(f"{module} was not ready within {START_WITHIN_S:.0f} s")


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
