"""What a killed supervisor left running: recorded while it lives, ended by the next start, never anyone else's."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_GONE_WITHIN_S = 3.0


class StackRunning(Exception):
    """Another supervisor runs a stack in the same data directory."""


@dataclass(frozen=True, slots=True)
class RecordedProcess:
    """A process group's leader as /proc showed it: an id alone could be somebody else's by now."""

    name: str
    pid: int
    command: str
    started_ticks: str

    def is_still_there(self) -> bool:
        """True when the same process still has this id."""
        return _identity(self.pid) == (self.command, self.started_ticks)


class StackLock:
    """One supervisor per data directory, held until `release`; the kernel lets go when we die."""

    def __init__(self, data_dir: Path) -> None:
        """Take the lock. Raises StackRunning with the id of its holder."""
        data_dir.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(data_dir / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 20).decode().strip() or "unknown"
            os.close(self._descriptor)
            raise StackRunning(
                f"a stack is running in {data_dir} already (process {holder}); stop it or choose another directory"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let the next supervisor in."""
        os.close(self._descriptor)


def record_processes(path: Path, processes: Sequence[tuple[str, int]]) -> None:
    """Write down what runs, as (name, process id); processes without /proc are not recorded."""
    recorded = []
    for name, pid in processes:
        identity = _identity(pid)
        if identity is not None:
            recorded.append(asdict(RecordedProcess(name, pid, *identity)))
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(recorded))
    scratch.replace(path)


def end_leftovers(path: Path) -> list[str]:
    """End the recorded process groups that are still there, and give their names."""
    try:
        recorded = [RecordedProcess(**entry) for entry in json.loads(path.read_text())]
    except (FileNotFoundError, ValueError, TypeError):
        return []
    left = [process for process in recorded if process.is_still_there()]
    for process in left:
        _end_group(process)
    path.unlink()
    return [process.name for process in left]


def _end_group(process: RecordedProcess) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            return
        end_s = time.monotonic() + _GONE_WITHIN_S
        while process.is_still_there() and time.monotonic() < end_s:
            time.sleep(0.02)


def _identity(pid: int) -> tuple[str, str] | None:
    """A living process's command line and start time, or None."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        # The name in parentheses may hold anything; what follows it is 20 numbers, the start time last.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else (command, fields[19])
