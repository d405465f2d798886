"""AWS on loopback: ministack in a virtual environment of its own, started for one deployment and stopped after it.

It runs every Lambda on its own interpreter, so its environment has the Python that the zips are built for.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from infra.ops.package.template import REGION
from infra.ops.package.wheels import PackagingFailed

_READY_S: Final = 60.0
_PORTS_TRIED: Final = 3
_PORT_TAKEN: Final = "is already in use"
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_emulator(root: Path, *, folder: Path, free_port: Callable[[], int] = _free_port) -> Iterator[str]:
    """The emulator's URL for a `with` block; its files and log stay below `folder`. Raises PackagingFailed.

    It binds its port itself, and somebody may take that first: then it is started on another one.
    """
    program = ensure_emulator(root)
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    log = folder / "emulator.log"
    for _ in range(_PORTS_TRIED):
        port = free_port()
        process = _started(program, port=port, folder=folder, log=log)
        try:
            if _becomes_ready(process, f"http://127.0.0.1:{port}/_ministack/health"):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            process.terminate()
            process.wait(timeout=20)
        if _PORT_TAKEN not in log.read_text(errors="replace"):
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise PackagingFailed(f"the emulator did not start; the end of {log}:\n{last}")
    raise PackagingFailed(
        f"the emulator found {_PORTS_TRIED} free ports taken when it started: run the same command again"
    )


def _started(program: Path, *, port: int, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "DOCKER_HOST": "unix:///nonexistent.sock",
        "IOT_MTLS_ENABLED": "0",  # it would listen on every address
    }
    with log.open("wb") as told:
        return subprocess.Popen([str(program)], env=environment, cwd=folder, stdout=told, stderr=told)  # noqa: S603 - installed above


def _becomes_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    ends_s = time.monotonic() + _READY_S
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            return False
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - loopback
                return process.poll() is None  # what answers on a taken port is somebody else
        except (URLError, OSError):
            time.sleep(0.2)
    return False
