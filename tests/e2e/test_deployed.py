"""A real deployment: osls, the real template and zips, an emulator of AWS, and a player's whole journey through it.

It builds seven zips and deploys over a hundred resources, so it runs only in full; what it needs beside the
development packages (osls, the emulator) is installed on first use.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from infra.local.stack import STAGE
from infra.ops.deploy.deployment import deploy
from infra.ops.deploy.emulated_stage import emulated_stage
from shared.config.declarations import VAULT_NAMES

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

    def test_a_signer_that_does_not_start_takes_the_whole_deployment_back(tmp_path: Path) -> None:
        said: list[str] = []
        with emulated_stage(tmp_path, progress=said.append) as stage:
            settings = stage.stack.settings
            stage.put_parameters({name: settings[name] for name in settings if name not in VAULT_NAMES})
            assert deploy(STAGE, stage.tools) == 0, said
            former = stage.tools.stack(STAGE)
            _break_signer(stage.project / "build")
            assert deploy(STAGE, stage.tools) == 1
            assert "signer: ended with " in said[-1]
            assert "the former deployment is in place again" in said[-1]
            assert stage.tools.stack(STAGE) == former
            answer = stage.aws("lambda").invoke(FunctionName=f"arena-{STAGE}-signer", Payload=b"{}")
            assert json.loads(answer["Payload"].read())["error"]["code"] == "invalid_request"

    def _break_signer(build: Path) -> None:
        """Zips of the project's own, in which importing the signer fails."""
        shared = build.resolve()
        build.unlink()
        build.mkdir()
        for path in shared.glob("*.zip"):
            (build / path.name).symlink_to(path)
        (build / "signer.zip").unlink()
        with zipfile.ZipFile(build / "signer.zip", "w") as archive:
            archive.writestr("functions/signer.py", "import a_package_that_is_not_shipped\n")
