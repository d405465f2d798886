"""`./arena deploy` on AWS: what a deployment runs, with the credentials of this shell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import boto3
from botocore.config import Config
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from infra.ops.deploy.deployment import UNCHANGED, Tools, deploy
from infra.ops.deploy.hotfix import ask_for_hotfix, declared
from infra.ops.deploy.smoke_test import smoke_test
from infra.ops.driver_errors import reason
from infra.ops.index_report import create_missing
from infra.ops.operation_records import Hotfix, OperationRecords
from infra.ops.package.command import ROOT, run_package
from infra.ops.package.template import deployer, region_of
from infra.ops.preflight.checklist import AFTER_DEPLOYING, BEFORE_DEPLOYING
from infra.ops.preflight.command import ask_deployed
from infra.ops.preflight.deployed_stage import aws_client, deployed_stage
from infra.ops.stack_state import read_stack
from shared.domain.errors import ArenaError

OPERATOR_URI: Final = "ARENA_OPERATOR_MONGODB_URI"
SERVICE: Final = "arena"
INTERRUPTED: Final = 130


def run_deploy(stage: str) -> int:
    """Deploy to AWS with the credentials of this shell; `deploy` says what its answer means."""
    return _deploy(stage, _tools())


def run_hotfix(stage: str, reason: str) -> int:
    """Deploy although go-live lines fail, recorded before and after; the answers are those of `run_deploy`."""
    if not os.environ.get(OPERATOR_URI):
        _say(f"{OPERATOR_URI} is not set: a hotfix is recorded in the stage's database. Nothing was deployed")
        return UNCHANGED
    try:
        hotfix = declared(reason, aws=aws_client, project=ROOT, now_ms=time.time_ns() // 1_000_000)
    except ArenaError as error:
        _say(f"{error}. Nothing was deployed")
        return UNCHANGED
    code = _deploy(stage, replace(_tools(), ask_before=partial(_ask_for_hotfix, hotfix=hotfix)))
    _note_the_end(stage, hotfix, code)
    return code


def _ask_for_hotfix(stage: str, *, hotfix: Hotfix) -> int:
    try:
        asked = deployed_stage(stage, operator_uri=os.environ[OPERATOR_URI])
    except ArenaError as error:
        _say(f"stage {stage} could not be looked at: {error}")
        return 2
    return ask_for_hotfix(asked, hotfix, lines=BEFORE_DEPLOYING, say=_say)


def _note_the_end(stage: str, hotfix: Hotfix, code: int) -> None:
    try:
        with _operators_client() as client:
            OperationRecords(client[f"{SERVICE}_{stage}"]).end_hotfix(hotfix.id, exit_code=code)
    except PyMongoError as error:
        _say(f"how the hotfix ended ({code}) was not recorded: {reason(error)}")


def _deploy(stage: str, tools: Tools) -> int:
    try:
        return deploy(stage, tools)
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
        smoke_test=_smoke_test,
        ask_after=partial(ask_deployed, lines=AFTER_DEPLOYING, operator_uri=uri),
        say=_say,
    )


def _ensure_indexes(stage: str) -> int:
    """Create what is missing, before code that counts on it runs; without an operator's access preflight looks."""
    if not os.environ.get(OPERATOR_URI):
        _say(
            f"{OPERATOR_URI} is not set: the indexes are not created here, preflight says whether they exist"
        )
        return 0
    try:
        with _operators_client() as client:
            create_missing(client[f"{SERVICE}_{stage}"])
    except PyMongoError as error:
        _say(f"the indexes are not all there: {reason(error)}")
        return 2
    return 0


def _operators_client() -> MongoClient[dict[str, Any]]:
    uri = os.environ[OPERATOR_URI]
    return MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5_000, appname="arena-deploy")


def _osls(arguments: Sequence[str]) -> tuple[int, str]:
    environment = dict(os.environ, SLS_TELEMETRY_DISABLED="1", AWS_REGION=region_of(os.environ))
    command = [str(deployer(ROOT)), *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool
    return result.returncode, result.stdout + result.stderr


def _smoke_test(stage: str, api_url: str) -> list[str]:
    return smoke_test(stage, api_url, functions=_functions(), say=_say)


def _functions() -> Any:
    """Lambda, asked once at a time and for as long as settle may take."""
    patience = Config(connect_timeout=3, read_timeout=70, retries={"total_max_attempts": 1})
    return boto3.client("lambda", region_name=region_of(os.environ), config=patience)


def _say(text: str) -> None:
    print(f"arena: {text}", file=sys.stderr, flush=True)
