"""The local stack as a stage: one that runs already in a data directory, or one started for the check."""

from __future__ import annotations

import contextlib
import json
import stat
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from infra.local.clock import stack_now_ms
from infra.local.gateway import REGION
from infra.local.leftovers import StackLock, StackRunning
from infra.local.local_settings import role_arn
from infra.local.serverless_file import read_service
from infra.local.stack import DEFAULT_DATA_DIR, STAGE, Progress, Stack, running_stack
from infra.ops.preflight.lines import must
from infra.ops.preflight.stage import PROJECT, StageUnderCheck
from shared.config.declarations import SETTINGS
from shared.domain.errors import Unavailable

_OWNER_ONLY: Final = 0o600


@contextlib.contextmanager
def local_stage(data_dir: Path | None, *, progress: Progress) -> Iterator[StageUnderCheck]:
    """The stack in `data_dir` if one runs there, else a new one that ends with the block.

    Raises PartFailed when a part does not start.
    """
    folder = (data_dir or DEFAULT_DATA_DIR).resolve()
    if _is_running(folder):
        yield running_local_stage(folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="preflight-", dir=folder) as own:
        stack = Stack(Path(own), schedule_every_s=0)
        with running_stack(stack, progress=progress):
            yield running_local_stage(stack.data_dir)


def running_local_stage(data_dir: Path) -> StageUnderCheck:
    """What runs in `data_dir`, as its own files describe it. Raises Unavailable where nothing does."""
    if not _is_running(data_dir):
        raise Unavailable(f"no local stack runs in {data_dir}: `./arena up`, or name a stage")
    service = read_service(PROJECT / "serverless.yml", stage=STAGE)
    environments: dict[str, dict[str, str]] = json.loads((data_dir / "environments.json").read_text())
    urls: dict[str, str] = json.loads((data_dir / "urls.json").read_text())
    secrets_file = data_dir / "secrets.json"
    return StageUnderCheck(
        name=service.stage,
        is_local=True,
        service=service,
        environments={
            function: {**values, **({"LAMBDA_ENDPOINT_URL": urls["private"]} if function == "claim" else {})}
            for function, values in environments.items()
        },
        references={},
        api_url=urls["gateway"],
        aws=partial(_client, urls),
        signer_role=lambda: role_arn(service, "signer"),
        secrets_changed_ms=lambda: _changed(secrets_file),
        secret_store=lambda: _judge_file(secrets_file),
        now_ms=lambda: stack_now_ms(data_dir / "clock"),
    )


def _is_running(folder: Path) -> bool:
    if not (folder / "urls.json").exists():
        return False
    try:
        StackLock(folder).release()
    except StackRunning:
        return True
    return False


def _client(urls: Mapping[str, str], service: str) -> Any:
    """An administrator of the local account; it has KMS and nothing else."""
    return boto3.client(
        service,
        endpoint_url=urls[service],
        region_name=REGION,
        aws_access_key_id="LOCALFAKEROOT",
        aws_secret_access_key="local-fake-secret-access-key",  # noqa: S106 - opens nothing but the local endpoint
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}),
    )


def _judge_file(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    must(mode == _OWNER_ONLY, f"others may read the file of secrets: its mode is {mode:o}")
    return "a file that only its owner can read"


def _changed(path: Path) -> dict[str, int]:
    made_ms = round(path.stat().st_mtime * 1000)
    names = json.loads(path.read_text())
    return {setting.name: made_ms for setting in SETTINGS if setting.is_secret and setting.name in names}
