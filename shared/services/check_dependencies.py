"""Ask every dependency at once whether it answers, each within its own time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from shared.wiring import Dependency

MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class DependencyState:
    """What one dependency said, in words that tell an outsider nothing about it; `cause` is for the log."""

    name: str
    status: Literal["ok", "failed", "timed_out"]
    duration_ms: int
    is_essential: bool
    cause: Exception | None = None


def check_dependencies(dependencies: Sequence[Dependency]) -> list[DependencyState]:
    """The states in the order given, after at most the longest limit; a check that hangs is left behind."""
    started_s = time.monotonic()
    probes = [_Probe(dependency) for dependency in dependencies]
    return [probe.state(started_s) for probe in probes]


class _Probe:
    """One check in a daemon thread, so that a hanging driver keeps neither the answer nor the process."""

    def __init__(self, dependency: Dependency) -> None:
        self._dependency = dependency
        self._status: Literal["ok", "failed"] = "failed"
        self._cause: Exception | None = None
        self._ended_s = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"check-{dependency.name}")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._dependency.check()
        except Exception as error:  # noqa: BLE001 - whatever a check raises, its dependency did not answer
            self._cause = error
        else:
            self._status = "ok"
        self._ended_s = time.monotonic()

    def state(self, started_s: float) -> DependencyState:
        dependency = self._dependency
        limit_s = dependency.limit_ms / MS_PER_S
        self._thread.join(max(0.0, started_s + limit_s - time.monotonic()))
        if self._thread.is_alive():
            return DependencyState(dependency.name, "timed_out", dependency.limit_ms, dependency.is_essential)
        duration_ms = int((self._ended_s - started_s) * MS_PER_S)
        return DependencyState(
            dependency.name, self._status, duration_ms, dependency.is_essential, self._cause
        )
