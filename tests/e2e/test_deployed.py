"""A real deployment: osls, the real template and zips, an emulator of AWS, and a player's whole journey through it.

It builds seven zips and deploys over a hundred resources, so it runs only in full; what it needs beside the
development packages (osls, the emulator) is installed on first use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
PROJECT = Path(__file__).parents[2]


def test_what_only_the_deployed_test_installs_is_pinned() -> None:
    pinned = (PROJECT / "infra/requirements/emulator.txt").read_text()
    assert "ministack==" in pinned
    assert "--hash=sha256:" in pinned
    assert (PROJECT / "infra/deploy/package-lock.json").is_file()


if IS_FULL:

    def test_the_deployed_service_takes_a_player_from_login_to_jettons() -> None:
        command = [sys.executable, "-m", "infra.ops.cli", "demo", "--deployed", "--json"]
        result = subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=900
        )
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-1000:]
        assert result.stdout.count('"ok": true') == 14
