"""What a snapshot is worth: each function with SnapStart, started without one and restored from one.

Without a snapshot a start loads the edge alone, and the first requests the rest (its routes, its parts, its
drivers). A snapshot is taken of a start that has loaded all of it; whoever is served by a restored copy
waits for the restore's hooks and nothing else of ours. Times are medians of the same real runtime; what AWS
itself takes to bring a copy's memory back cannot be measured here.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra.bench.cold import ColdRun, Start, cold_run, started
from infra.bench.runtime_endpoint import NEXT, RESTORE_ERROR, RESTORE_NEXT, RuntimeEndpoint
from infra.bench.warm import gateway_event

PATHS: Final[Mapping[str, str]] = {
    "battle": "/api/brokers",
    "economy": "/api/economy/me",
    "claim": "/api/claims",
    "admin": "/api/admin/me",
}
"""A route of each function with SnapStart; asked without a token it answers 401, from no store."""
_SNAPSHOT: Final = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start", "AWS_EC2_METADATA_DISABLED": "true"}
_RESTORE_LIMIT_S: Final = 10.0
"""Lambda's own limit for the hooks of a restore."""


@dataclass(frozen=True, slots=True)
class Restored:
    """One function's medians in ms: INIT and first answer without a snapshot, INIT, restore and first answer with."""

    name: str
    init_ms: float
    first_ms: float
    snapshot_init_ms: float
    restore_ms: float
    restored_first_ms: float

    def describe(self) -> str:
        """One line for people."""
        return (
            f"{self.name:<8} without {self.init_ms:4.0f} + {self.first_ms:4.1f} ms   "
            f"restored {self.restore_ms:4.1f} + {self.restored_first_ms:4.1f} ms   "
            f"(INIT that loads everything {self.snapshot_init_ms:4.0f} ms, once per deployment)"
        )


def measure_restores(run: ColdRun, *, runs: int) -> list[Restored]:
    """Medians of so many starts and restores each; the functions take turns."""
    measured: dict[str, list[tuple[float, ...]]] = {name: [] for name in PATHS}
    for _ in range(runs):
        for name, path in PATHS.items():
            start = run.starts[name]
            measured[name].append((*_without(run, start, path), *_restored(run, start, path)))
    return [
        Restored(name, *map(statistics.median, zip(*rows, strict=True))) for name, rows in measured.items()
    ]


def _without(run: ColdRun, start: Start, path: str) -> tuple[float, float]:
    with started(start, parameters=run.parameters) as (endpoint, init_ms):
        return init_ms, _refused_ms(endpoint, path)


def _restored(run: ColdRun, start: Start, path: str) -> tuple[float, float, float]:
    with started(start, parameters=run.parameters, until=RESTORE_NEXT, more=_SNAPSHOT) as (endpoint, init_ms):
        began_s = time.perf_counter()
        endpoint.restored.set()
        if endpoint.wait_for(NEXT, RESTORE_ERROR, within_s=_RESTORE_LIMIT_S) == RESTORE_ERROR:
            raise RuntimeError(f"{start.handler} was not restored: {endpoint.failure[:500]}")
        restore_ms = (time.perf_counter() - began_s) * 1000
        return init_ms, restore_ms, _refused_ms(endpoint, path)


def _refused_ms(endpoint: RuntimeEndpoint, path: str) -> float:
    """From the first event's sending to its answer, which must be the 401."""
    outcome = endpoint.send(gateway_event("GET", path))
    if outcome.is_error or json.loads(outcome.body)["statusCode"] != 401:
        raise RuntimeError(f"GET {path} answered {outcome.body[:500]!r}")
    return outcome.took_s * 1000


def print_restored(*, runs: int) -> None:
    """Print a line per function."""
    with cold_run() as run:
        found = measure_restores(run, runs=runs)
    print(f"INIT + first answer (401) without a snapshot, restore + first answer with one; medians of {runs}")
    print("\n".join(each.describe() for each in found))
