"""`./arena bench cold` as a whole: starts against their budgets, restores, and what an event costs when warm."""

from __future__ import annotations

from infra.bench.cold import RUNS, measure_cold_starts
from infra.bench.restored import print_restored
from infra.bench.warm import print_warm


def run_cold(*, runs: int = RUNS) -> int:
    """Print every function's start and what an event costs when it is warm; 1 when one is over its budget."""
    found = measure_cold_starts(runs=runs)
    print(f"INIT, medians of {runs}; ratios to the first line, without waiting for references and key")
    print("\n".join(start.describe() for start in found))
    print_restored(runs=runs)
    is_warm_within = print_warm()
    return 0 if is_warm_within and all(start.is_within_budget for start in found) else 1
