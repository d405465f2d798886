"""The demo, as a test: every step holds, machine-readable, and nothing stays behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_holds_from_sign_in_to_trial_balance_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "infra.ops.cli", "demo", "--json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert lines[-1]["ok"] is True
    assert lines[-1]["seconds"] < 60
    assert [line["step"] for line in lines[:-1]] == list(range(1, 14))
    assert all(line["ok"] and line["evidence"] for line in lines[:-1])
    left = subprocess.run(
        ["pgrep", "-f", str(ROOT / ".arena" / "demo-")], capture_output=True, text=True, check=False
    )
    assert left.stdout == ""
