"""`./arena deploy` on AWS: what a deployment runs, with the credentials of this shell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from infra.ops.deploy.deployment import Tools, deploy
from infra.ops.index_report import create_missing
from infra.ops.package.command import ROOT, run_package
from infra.ops.package.template import deployer, region_of
from infra.ops.preflight.checklist import AFTER_DEPLOYING, BEFORE_DEPLOYING
from infra.ops.preflight.command import ask_deployed
from infra.ops.preflight.deployed_stage import aws_client
from infra.ops.stack_state import read_stack

OPERATOR_URI: Final = "ARENA_OPERATOR_MONGODB_URI"
SERVICE: Final = "arena"
INTERRUPTED: Final = 130
SMOKE_S: Final = 60.0


def run_deploy(stage: str) -> int:
    """Deploy to AWS with the credentials of this shell; `deploy` says what its answer means."""
    try:
        return deploy(stage, _tools())
    except KeyboardInterrupt:
        _say(
            "interrupted. What was packaged stays, and CloudFormation finishes by itself what it has begun:"
            " run the same command again, and it says what the stack is doing"
        )
        return INTERRUPTED


def _tools() -> Tools:
    uri = os.environ.get(OPERATOR_URI, "")
    return Tools(
        stack=lambda stage: read_stack(aws_client, f"{SERVICE}-{stage}"),
        package=run_package,
        indexes=_ensure_indexes,
        ask_before=partial(ask_deployed, lines=BEFORE_DEPLOYING, operator_uri=uri),
        osls=_osls,
        answers=answers_in_time,
        ask_after=partial(ask_deployed, lines=AFTER_DEPLOYING, operator_uri=uri),
        say=_say,
    )


def _ensure_indexes(stage: str) -> int:
    """Create what is missing, before code that counts on it runs; without an operator's access preflight looks."""
    uri = os.environ.get(OPERATOR_URI, "")
    if not uri:
        _say(
            f"{OPERATOR_URI} is not set: the indexes are not created here, preflight says whether they exist"
        )
        return 0
    try:
        with MongoClient[dict[str, Any]](
            uri, serverSelectionTimeoutMS=5_000, appname="arena-deploy"
        ) as client:
            create_missing(client[f"arena_{stage}"])
    except PyMongoError as error:
        _say(f"the indexes are not all there: {type(error).__name__}")  # its text may hold the address
        return 2
    return 0


def _osls(arguments: Sequence[str]) -> tuple[int, str]:
    environment = dict(os.environ, SLS_TELEMETRY_DISABLED="1", AWS_REGION=region_of(os.environ))
    command = [str(deployer(ROOT)), *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool
    return result.returncode, result.stdout + result.stderr


def answers_in_time(url: str) -> bool:
    """Whether it answers 200 within a minute: fresh functions start, and settings are read for the first time."""
    ends_s = time.monotonic() + SMOKE_S
    while time.monotonic() < ends_s:
        try:
            with urlopen(url, timeout=20) as answer:  # noqa: S310 - our own API
                return bool(answer.status == 200)
        except (HTTPError, URLError, OSError):
            time.sleep(2)
    return False


def _say(text: str) -> None:
    print(f"arena: {text}", file=sys.stderr, flush=True)
