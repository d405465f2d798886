"""`./arena simulate`: run the real services on a simulated, hostile world that a seed repeats exactly."""

from __future__ import annotations

import time

from infra.simulation.run import run


def simulate(*, seed: int, steps: int, runs: int = 1) -> int:
    """Run seeds seed, seed+1 …; print one line each and every problem. The number of seeds with problems."""
    failed = crashes = 0
    began_s = time.monotonic()
    for number in range(seed, seed + runs):
        outcome = run(number, steps=steps)
        crashes += outcome.crashes
        failed += bool(outcome.problems)
        state = "FAILED" if outcome.problems else "ok"
        print(
            f"{state:6} seed {number} steps {steps} crashes {outcome.crashes} rows {outcome.rows}"
            f" leaked {outcome.leaked} digest {outcome.digest}"
        )
        for problem in outcome.problems:
            print(f"       {problem}")
    took_s = time.monotonic() - began_s
    print(f"{runs} seeds, {runs * steps} steps, {crashes} crashes, {took_s:.1f} s, {failed} failed")
    return failed
