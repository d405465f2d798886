"""`./arena test`: what must hold before anything is merged, cheapest check first."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
TREES: Final = ("shared", "functions", "infra", "tests", "arena")

STEPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("format", ("ruff", "format", "--check", "--quiet", *TREES)),
    ("lint", ("ruff", "check", "--quiet", *TREES)),
    ("types", ("mypy", "--no-error-summary")),
    ("imports", ("lint-imports",)),
    ("dead code", ("vulture",)),
)


def run_checks(*, full: bool, mongodb_uri: str | None, pytest_arguments: Sequence[str]) -> int:
    """Run every step and then pytest, whose closing line is the last thing printed; 0 if all passed.

    A failed step does not stop the next: whoever waits for this wants to see everything at once.
    Arguments for pytest select tests and leave the other steps out.
    """
    failed = [] if pytest_arguments else [name for name, step in STEPS if not _passes(name, step)]
    environment = dict(os.environ)
    if full:
        environment["ARENA_TEST_FULL"] = "1"
    if mongodb_uri is not None:
        environment["ARENA_MONGODB_URI"] = mongodb_uri
    if failed:
        print(f"arena: failed before the tests: {', '.join(failed)}", file=sys.stderr, flush=True)
    workers = () if pytest_arguments else ("-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile")
    command = [_tool("pytest"), "-q", *workers, *pytest_arguments]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - our own tool
    return code or (1 if failed else 0)


def _passes(name: str, step: Sequence[str]) -> bool:
    started_s = time.monotonic()
    command = [_tool(step[0]), *step[1:]]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own tools
    verdict = "ok" if result.returncode == 0 else "FAILED"
    print(f"{name:<10} {verdict:<7} {time.monotonic() - started_s:5.1f} s", flush=True)
    if result.returncode != 0:
        print(result.stdout + result.stderr, flush=True)
    return result.returncode == 0


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)
