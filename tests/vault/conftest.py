"""How the vault's cases, written for the TVM in JavaScript, become pytest tests of their own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).parent / "tvm" / "run.js"
RUN_LIMIT_S = 1_800

ENVIRONMENT = dict(os.environ)  # noqa: TID251 - the test run's own switches
IS_FULL = ENVIRONMENT.get("ARENA_TEST_FULL") == "1"
SEED = ENVIRONMENT.get("ARENA_TEST_SEED") or str(secrets.randbelow(2**32))


def run_tvm(*arguments: str, given: str = "") -> list[dict[str, Any]]:
    """Run tvm/run.js and return its JSON lines; every run knows the seed and whether it is full."""
    node = shutil.which("node")
    assert node is not None, "the vault's tests need Node 18 or newer"
    environment = {**ENVIRONMENT, "ARENA_TEST_SEED": SEED}
    done = subprocess.run(
        [node, str(RUNNER), *arguments],
        capture_output=True,
        input=given,
        text=True,
        timeout=RUN_LIMIT_S,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@cache
def tvm_cases() -> list[tuple[str, str]]:
    """Every case as (file, name)."""
    return [(case["file"], case["name"]) for case in run_tvm("list")]


@cache
def tvm_results(file: str) -> dict[str, dict[str, Any]]:
    """The outcome of every case of one file, which runs once however many of its tests are asked for."""
    return {result["name"]: result for result in run_tvm("run", file)}
