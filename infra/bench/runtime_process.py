"""A real Lambda runtime, `python -m awslambdaric`, as a child process of whoever measures or tests it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

RUNTIME = "awslambdaric"
PARAMETER_STORE = "ARENA_PARAMETER_STORE_HERE"


@contextmanager
def runtime_process(
    handler: str,
    *,
    path: Path,
    environment: Mapping[str, str],
    log: IO[bytes] | None = None,
    runtime: Sequence[str] = ("-m", RUNTIME),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the handler, found from `path`, until the block ends; what it writes goes to `log` or nowhere.

    It leads a process group of its own, so that what it may have started ends with it.
    """
    output = subprocess.DEVNULL if log is None else log
    process = subprocess.Popen(  # noqa: S603 - the runtime and our own handlers
        [sys.executable, *runtime, handler],
        env=environment,
        cwd=path,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def lambda_environment(
    *, path: Sequence[Path], runtime_port: int, parameter_store_port: int, settings: Mapping[str, str]
) -> dict[str, str]:
    """What Lambda tells a function's process, and the function's own settings.

    Production's rules refuse a setting that names a local endpoint: a handler that is to run under them is
    one of `infra.bench.parameter_store_here`.
    """
    is_production = settings.get("APP_ENV") == "prod"
    return {
        "PATH": os.environ["PATH"],  # noqa: TID251 - a child process needs it, no setting of ours
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "arena-dev-bench",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "LOCALFAKE",
        "AWS_SECRET_ACCESS_KEY": "local-fake",
        "AWS_SESSION_TOKEN": "local-fake",
        PARAMETER_STORE
        if is_production
        else "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{parameter_store_port}",
        **settings,
    }
