"""A gateway of a test's own over the tiny service, and ways to call it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

TINY = Path(__file__).parent / "tiny_service"
PROJECT = Path(__file__).parents[2]


@dataclass
class RunningGateway:
    """A started gateway process and ways to call it."""

    process: subprocess.Popen[str]
    public: str
    private: str
    data: Path

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.public.removeprefix("http://"), timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def pids(self, function: str) -> list[int]:
        connection = http.client.HTTPConnection(self.private.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/functions")
            return list(json.loads(connection.getresponse().read())[function]["pids"])
        finally:
            connection.close()

    def lambda_client(self) -> Any:
        return boto3.client(
            "lambda",
            endpoint_url=self.private,
            region_name="eu-central-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )


def start_gateway(data: Path, *options: str) -> RunningGateway:
    data.mkdir(exist_ok=True)
    (data / "clock").write_text("60000\n")
    environments = {
        "echo": {"APP_ENV": "dev", "GREETING": "hello"},
        "broken": {"TRIES_FILE": str(data / "tries")},
        "private": {"NOTE_FILE": str(data / "note")},
    }
    (data / "environments.json").write_text(json.dumps(environments))
    command = [sys.executable, "-m", "infra.local.gateway", "--serverless", str(TINY / "serverless.yml")]
    command += ["--clock", str(data / "clock"), "--logs", str(data / "logs"), "--root", str(TINY)]
    command += ["--environments", str(data / "environments.json"), *options]
    with (data / "stderr").open("w") as stderr:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    ready = process.stdout.readline().split()
    assert ready[:2] == ["ready", "gateway"], (data / "stderr").read_text()
    return RunningGateway(process, ready[2], ready[3], data)


def stop_gateway(gateway: RunningGateway) -> None:
    gateway.process.terminate()
    gateway.process.wait(10)
    assert gateway.process.stdout is not None
    gateway.process.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def until(condition: Callable[[], bool], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
