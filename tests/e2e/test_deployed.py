"""A real deployment: osls, the real template and zips, an emulator of AWS, and a player's whole journey through it.

It builds seven zips and deploys over a hundred resources, so it runs only in full; what it needs beside the
development packages (osls, the emulator) is installed on first use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from infra.local.stack import STAGE
from infra.ops.deploy.deployment import deploy
from infra.ops.deploy.emulated_stage import emulated_stage
from shared.config.claim_parts import VAULT_NAMES

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

    def test_a_deployment_that_does_not_answer_is_replaced_by_what_ran_before(tmp_path: Path) -> None:
        said: list[str] = []
        with emulated_stage(tmp_path, progress=said.append) as stage:
            settings = stage.stack.settings
            stage.put_parameters({name: settings[name] for name in settings if name not in VAULT_NAMES})
            assert deploy(STAGE, stage.tools) == 0, said
            former = stage.tools.stack(STAGE)
            template = stage.project / "serverless.yml"
            template.write_text(template.read_text().replace("memorySize: 1024", "memorySize: 1025", 1))
            assert deploy(STAGE, replace(stage.tools, answers=lambda _: False)) == 1
            assert "the former deployment is in place again" in said[-1]
            assert stage.tools.stack(STAGE) == former
            battle = stage.aws("lambda").get_function_configuration(FunctionName=f"arena-{STAGE}-battle")
            assert battle["MemorySize"] == 1024
