"""The parts of a stack together: started, watched, broken on purpose, and stopped in reverse order."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from infra.local.leftovers import StackLock, end_leftovers, record_processes
from infra.local.process import Part, PartPlan

PROJECT = Path(__file__).resolve().parents[2]
_PORT_OPTION = "--port"


@dataclass(frozen=True, slots=True)
class PartCommand:
    """A part's name and command line; one that serves a port takes `--port`, which the supervisor adds."""

    name: str
    command: tuple[str, ...]


class Supervisor:
    """Parts in one data directory: logs in `logs/`, the record of what runs in `processes.json`.

    A part that is restarted keeps its port, so that what others know of it stays true.
    """

    def __init__(self, data_dir: Path) -> None:
        """Take the directory's lock and end what a killed supervisor left. Raises StackRunning."""
        self._data_dir = data_dir
        self._lock = StackLock(data_dir)
        self.ended_leftovers = end_leftovers(self._record_path)
        self._parts: dict[str, Part] = {}

    @property
    def _record_path(self) -> Path:
        return self._data_dir / "processes.json"

    @property
    def names(self) -> tuple[str, ...]:
        """The parts in the order they were started."""
        return tuple(self._parts)

    def log_path(self, name: str) -> Path:
        """Where a part writes."""
        return self._data_dir / "logs" / f"{name}.log"

    def start(self, commands: Sequence[PartCommand]) -> Mapping[str, tuple[str, ...]]:
        """Start several parts at once and wait for all; gives their URLs. Raises PartFailed."""
        for command in commands:
            self._parts[command.name] = Part(self._plan(command, port=0))
        self._record()
        urls = {command.name: self._parts[command.name].wait_ready() for command in commands}
        self._record()  # again: a part may have become another program since (exec)
        return urls

    def part(self, name: str) -> Part:
        """A part by its name. Raises KeyError."""
        return self._parts[name]

    def restart(self, name: str) -> tuple[str, ...]:
        """Stop a part if it still runs and start it again on the port it had; gives its URLs."""
        former = self._parts[name]
        former.stop()
        ports = [urlsplit(url).port for url in former.urls]
        self._parts[name] = Part(_with_ports(former.plan, [port for port in ports if port]))
        try:
            return self._parts[name].wait_ready()
        finally:
            self._record()

    def check(self) -> None:
        """Raise PartFailed for the first part that has died."""
        for part in self._parts.values():
            part.check()

    def stop(self) -> None:
        """Stop every part, the last started first, and let go of the directory."""
        for part in reversed(self._parts.values()):
            part.stop()
        self._parts.clear()
        self._record_path.unlink(missing_ok=True)
        self._lock.release()

    def _plan(self, command: PartCommand, *, port: int) -> PartPlan:
        plan = PartPlan(
            name=command.name,
            command=command.command,
            environment=_part_environment(),
            directory=PROJECT,
            log_path=self.log_path(command.name),
        )
        return _with_ports(plan, [port])

    def _record(self) -> None:
        record_processes(self._record_path, [(part.name, part.pid) for part in self._parts.values()])


def _with_ports(plan: PartPlan, ports: Sequence[int]) -> PartPlan:
    """The plan with these ports: --port, and --private-port for a part that has two."""
    command = list(plan.command)
    for option, port in zip((_PORT_OPTION, "--private-port"), ports, strict=False):
        if option in command:
            command[command.index(option) + 1] = str(port)
        else:
            command += [option, str(port)]
    return replace(plan, command=tuple(command))


def _part_environment() -> dict[str, str]:
    """What a part may see of our own environment: nothing that could configure or identify us."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}
