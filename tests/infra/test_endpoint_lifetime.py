"""Every endpoint is announced once, ends when told to, and never outlives who started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from infra.local.endpoint_process import PROJECT_ROOT, EndpointProcess, start_endpoint, stop_endpoint

ENDPOINTS = {
    "infra.local.mongo_server": ["--data", "{folder}/data"],
    "infra.local.redis_server": ["--data", "{folder}/data"],
    "infra.local.upstash_endpoint": ["--data", "{folder}/data", "--token", "fake-token"],
    "infra.local.kms_endpoint": [],
}

START_AND_SLEEP = """
import sys, time
from infra.local.endpoint_process import start_endpoint
endpoint = start_endpoint(*sys.argv[1:])
print(endpoint.url, flush=True)
time.sleep(600)
"""


def arguments(module: str, folder: Path) -> list[str]:
    return [part.format(folder=folder) for part in ENDPOINTS[module]]


def is_answering(url: str) -> bool:
    family = socket.AF_UNIX if url.startswith("unix://") else socket.AF_INET
    address = url.removeprefix("unix://")
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(
                address if family == socket.AF_UNIX else ("127.0.0.1", int(url.rsplit(":", 1)[1]))
            )
        except OSError:
            return False
        return True


def within(seconds: float, is_true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("module", ENDPOINTS)
def test_it_accepts_connections_once_it_says_so_and_ends_when_told_to(module: str, tmp_path: Path) -> None:
    endpoint = start_endpoint(module, *arguments(module, tmp_path), log=tmp_path / "stderr.log")
    assert endpoint.name == module.rsplit(".", 1)[1]
    assert is_answering(endpoint.url)
    assert endpoint.process.stdout is not None
    endpoint.process.terminate()
    rest_of_stdout = endpoint.process.stdout.read()
    status = endpoint.process.wait(5)
    stop_endpoint(endpoint)
    assert rest_of_stdout == ""
    assert status == 0
    assert not is_answering(endpoint.url)


@pytest.mark.parametrize("module", ENDPOINTS)
def test_it_does_not_outlive_a_parent_that_is_killed(module: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", START_AND_SLEEP, module, *arguments(module, tmp_path)]
    with (tmp_path / "stderr.log").open("ab") as stderr:
        parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=PROJECT_ROOT)
    with parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert is_answering(url)
        parent.kill()
    assert within(10, lambda: not is_answering(url))


def test_a_request_that_hangs_does_not_keep_an_endpoint_from_ending(tmp_path: Path) -> None:
    endpoint = start_endpoint("infra.local.kms_endpoint", log=tmp_path / "stderr.log")
    httpx.post(f"{endpoint.url}/_faults", json={"kind": "hang", "seconds": 600}).raise_for_status()
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Authorization": "Credential=AKIAFAKEROOT/x"}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(endpoint.url, headers=headers, json={}, timeout=httpx.Timeout(10, read=0.1))
    with socket.create_connection(("127.0.0.1", endpoint.port)) as unfinished:
        unfinished.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
        endpoint.process.terminate()
        status = endpoint.process.wait(5)
    stop_endpoint(endpoint)
    assert status == 0


def test_an_endpoint_that_cannot_start_is_reported_and_leaves_no_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(RuntimeError, match="before it was ready"):
            start_endpoint("infra.local.kms_endpoint", "--port", port, log=tmp_path / "stderr.log")


def test_a_redis_of_a_killed_endpoint_is_gone_or_replaced(tmp_path: Path) -> None:
    first = _upstash(tmp_path)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(5)
    stop_endpoint(first)
    second = _upstash(tmp_path)
    assert is_answering(second.url)
    stop_endpoint(second)
    assert within(10, lambda: not is_answering(f"unix://{tmp_path}/data/redis.sock"))


def test_a_data_directory_too_long_for_a_socket_path_still_works(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120)
    endpoint = start_endpoint("infra.local.redis_server", "--data", str(folder), log=tmp_path / "stderr.log")
    short_folder = Path(endpoint.url.removeprefix("unix://")).parent
    assert is_answering(endpoint.url)
    stop_endpoint(endpoint)
    assert not os.path.lexists(short_folder)


def _upstash(folder: Path) -> EndpointProcess:
    module = "infra.local.upstash_endpoint"
    return start_endpoint(module, *arguments(module, folder), log=folder / "stderr.log")
