"""The CloudFormation template, made by osls and judged by cfn-lint."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.ops.package.wheels import PackagingFailed

REGION: Final = "eu-central-1"
"""Where a stage lives unless AWS_REGION says otherwise, as in serverless.yml."""
STAGES: Final = ("dev", "staging", "prod")
DEMANDING_STAGES: Final = ("staging", "prod")
RUNBOOK_URL: Final = "ARENA_RUNBOOK_URL"
TEMPLATE: Final = Path(".serverless/cloudformation-template-update-stack.json")
DEPLOYER: Final = Path("infra/deploy")

SUPPRESSED_RULES: Final[Mapping[str, str]] = {
    "W3005": "osls itself writes DependsOn beside Refs that imply them; nothing of ours to change",
    "W8003": "the condition CallsFromVercel compares parameters of serverless.yml, which are texts when CloudFormation sees them",
}
"""cfn-lint's rules that do not apply, each with its reason."""


def make_template(stage: str, *, root: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Run `osls package` (no network, no credentials) and cfn-lint. Raises PackagingFailed with what they said."""
    settings = os.environ | {"SLS_TELEMETRY_DISABLED": "1", "AWS_REGION": region_of(os.environ)}
    settings |= dict(environment or {})
    require_runbook(stage, settings)
    osls = deployer(root)
    _run([str(osls), "package", "--stage", stage], root=root, environment=settings)
    rules = ["--ignore-checks", *SUPPRESSED_RULES]
    lint = [
        str(Path(sys.executable).parent / "cfn-lint"),
        "-r",
        region_of(settings),
        *rules,
        "-t",
        str(TEMPLATE),
    ]
    _run(lint, root=root, environment=settings)
    return root / TEMPLATE


def require_runbook(stage: str, environment: Mapping[str, str]) -> None:
    """Raises PackagingFailed unless the mails of this stage's alarms link to a page: nobody can open a relative one."""
    url = environment.get(RUNBOOK_URL, "")
    if stage in DEMANDING_STAGES and not url.startswith("https://"):
        raise PackagingFailed(
            f"{RUNBOOK_URL} is not an https address: set it to where docs/alarms.md of this version can be read, "
            "because every alarm's mail links there"
        )


def region_of(environment: Mapping[str, str]) -> str:
    """The region that every command about a stage means; the AWS profile's own default counts for none of them."""
    return environment.get("AWS_REGION") or REGION


def deployer(root: Path) -> Path:
    """The osls program, installed on first use: it is large and only packaging and deploying need it.

    Raises PackagingFailed.
    """
    home = root / DEPLOYER
    program, stamp = home / "node_modules/.bin/osls", home / "node_modules/.arena-installed"
    _require("node")
    wanted = hashlib.sha256((home / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:  # an interrupted installation leaves no stamp
        _require("npm")
        _run(["npm", "ci", "--no-audit", "--no-fund"], root=home, environment=os.environ)
        stamp.write_text(wanted)
    return program


def _require(tool: str) -> None:
    if shutil.which(tool) is None:
        raise PackagingFailed(f"{tool} is missing: apt-get install nodejs npm (Node 18 or newer)")


def _run(command: list[str], *, root: Path, environment: Mapping[str, str]) -> None:
    result = subprocess.run(  # noqa: S603 - our own tools
        command, cwd=root, env=dict(environment), capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise PackagingFailed(f"{Path(command[0]).name} failed:\n{(result.stdout + result.stderr).strip()}")
