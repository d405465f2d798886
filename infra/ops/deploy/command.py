"""`./arena deploy`: package, indexes, preflight, deploy, smoke test; what does not answer is rolled back.

A deployment that CloudFormation cannot finish rolls itself back. One that finishes and does not answer is
rolled back here, to the deployment that was there before.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from infra.ops.index_report import create_missing
from infra.ops.package.command import ROOT, run_package
from infra.ops.package.template import REGION, STAGES, deployer
from infra.ops.package.wheels import PackagingFailed
from infra.ops.preflight.command import PreflightOptions, run_preflight

OPERATOR_URI: Final = "ARENA_OPERATOR_MONGODB_URI"
SMOKE_PATHS: Final = ("/health", "/health/ready")
SMOKE_S: Final = 60.0
_TIMESTAMP: Final = re.compile(r"Timestamp: (\d+)")
_API_URL: Final = re.compile(r"https://[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a deployment runs; tests give others. `osls` gives its exit code and everything it said."""

    package: Callable[[str], int]
    indexes: Callable[[str], int]
    preflight: Callable[[str], int]
    osls: Callable[[Sequence[str]], tuple[int, str]]
    answers: Callable[[str], bool]
    say: Callable[[str], None]


def deploy(stage: str, tools: Tools) -> int:
    """0 when the new deployment answers, 1 when the former one is in place again, 2 when nothing was changed."""
    if stage not in STAGES:
        tools.say(f"there is no stage {stage!r}: {', '.join(STAGES)}")
        return 2
    steps = (("package", tools.package), ("indexes", tools.indexes), ("preflight", tools.preflight))
    for name, step in steps:
        if step(stage) != 0:
            tools.say(
                f"{name} said no (above): nothing was deployed. Correct it and run the same command again"
            )
            return 2
    _, listed = tools.osls(("deploy", "list", "--stage", stage))
    former = _TIMESTAMP.findall(listed)
    code, said = tools.osls(("deploy", "--stage", stage))
    if code != 0:
        tools.say(f"{said[-2000:]}\nthe deployment failed; CloudFormation has put the former one back")
        return 1
    _, described = tools.osls(("info", "--stage", stage))
    url = _API_URL.search(described)
    if url is not None and all(tools.answers(url[0] + path) for path in SMOKE_PATHS):
        tools.say(f"{stage} answers at {url[0]}")
        return 0
    return _roll_back(stage, former, tools)


def _roll_back(stage: str, former: Sequence[str], tools: Tools) -> int:
    if not former:
        tools.say("the smoke test failed and there is no former deployment: look at the functions' logs")
        return 1
    code, said = tools.osls(("rollback", "--stage", stage, "--timestamp", former[-1]))
    done = (
        "the former deployment is in place again" if code == 0 else f"the ROLLBACK FAILED too: {said[-1000:]}"
    )
    tools.say(f"the smoke test failed; {done}. docs/alarms.md#function-errors says where to look")
    return 1


def run_deploy(stage: str) -> int:
    """Deploy to AWS with the credentials of this shell."""
    try:
        program = deployer(ROOT)
    except PackagingFailed as failure:
        _say(str(failure))
        return 2
    tools = Tools(
        package=run_package,
        indexes=_ensure_indexes,
        preflight=_preflight,
        osls=lambda arguments: _osls(program, arguments),
        answers=_answers,
        say=_say,
    )
    return deploy(stage, tools)


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


def _preflight(stage: str) -> int:
    return run_preflight(
        PreflightOptions(
            stage=stage,
            is_local=False,
            as_json=False,
            is_note=False,
            data_dir=None,
            api_url="",
            mongodb_uri=os.environ.get(OPERATOR_URI, ""),
        )
    )


def _osls(program: Path, arguments: Sequence[str]) -> tuple[int, str]:
    environment = dict(
        os.environ, SLS_TELEMETRY_DISABLED="1", AWS_REGION=os.environ.get("AWS_REGION", REGION)
    )
    command = [str(program), *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool
    return result.returncode, result.stdout + result.stderr


def _answers(url: str) -> bool:
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
