"""AWS on loopback: ministack in a virtual environment of its own, started for one deployment and stopped after it.

It runs every Lambda on its own interpreter, so its environment has the Python that the zips are built for.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from infra.ops.package.template import REGION
from infra.ops.package.wheels import PackagingFailed

_READY_S: Final = 60.0
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "local-fake", "AWS_SECRET_ACCESS_KEY": "local-fake"}


def ensure_emulator(root: Path) -> Path:
    """The emulator's program, installed by hash on first use. Raises PackagingFailed."""
    home = root / ".arena" / "emulator"
    program, stamp = home / "bin/ministack", home / "installed"
    if stamp.exists():
        return program
    pip = [str(home / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    requirements = str(root / "infra/requirements/emulator.txt")
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [*pip, "--require-hashes", "-r", requirements],
    ):
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own tools
        if result.returncode != 0:
            raise PackagingFailed(f"the emulator was not installed:\n{result.stderr.strip()[-800:]}")
    stamp.touch()
    return program


@contextmanager
def running_emulator(root: Path, *, folder: Path) -> Iterator[str]:
    """The emulator's URL for a `with` block; its files and log stay below `folder`. Raises PackagingFailed."""
    program = ensure_emulator(root)
    scratch = folder / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(scratch),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "DOCKER_HOST": "unix:///nonexistent.sock",
        "IOT_MTLS_ENABLED": "0",  # it would listen on every address
    }
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen([str(program)], env=environment, cwd=folder, stdout=log, stderr=log)  # noqa: S603 - installed above
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}/_ministack/health", folder / "emulator.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends_s = time.monotonic() + _READY_S
    while time.monotonic() < ends_s and process.poll() is None:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - loopback
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise PackagingFailed(f"the emulator did not start; its log is {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
