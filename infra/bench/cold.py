"""`./arena bench cold`: how long each function takes to start, as ratios to a stock FastAPI hello in the same run.

Each start is a real `awslambdaric` process against a Runtime API of ours; INIT lasts from its spawn to its
first question for an event. Every secret is an `ssm:` reference, answered by a stand-in of AWS's extension.
Starts take turns, so that a busy machine is busy for all of them. Source of the protocol: Lambda developer
guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import http.server
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from infra.local.local_settings import base_values, local_secrets
from infra.local.serverless_file import read_service
from infra.local.supervisor import PROJECT
from shared.config.declarations import BY_NAME

RUNS: Final = 12
STOCK: Final = "stock FastAPI + Mangum"
BUDGETS: Final[Mapping[str, float]] = {
    "health": 1.0,
    "battle": 1.3,
    "economy": 1.3,
    "claim": 1.3,
    "admin": 1.3,
    "signer": 1.25,
}
"""Times the stock hello's INIT; settle is started by a schedule, and nobody waits for it."""
_HELLO: Final = """
from fastapi import FastAPI
from mangum import Mangum
app = FastAPI()
@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
handler = Mangum(app, lifespan="off")
"""
_INIT_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One handler's median INIT in ms, and its ratio to the stock hello's."""

    name: str
    init_ms: float
    ratio: float

    @property
    def is_within_budget(self) -> bool:
        return self.ratio <= BUDGETS.get(self.name, float("inf"))

    def describe(self) -> str:
        """One line for people."""
        budget = f"of {BUDGETS[self.name]:.2f}" if self.name in BUDGETS else ""
        verdict = "" if self.is_within_budget else "  OVER BUDGET"
        return f"{self.name:<24} {self.init_ms:6.0f} ms  {self.ratio:5.2f} {budget}{verdict}"


class _Answers(http.server.BaseHTTPRequestHandler):
    """The Runtime API up to the first event, which never comes, and the extension's two questions."""

    protocol_version = "HTTP/1.1"
    server: _Endpoint

    def do_GET(self) -> None:
        if self.path.endswith("/runtime/invocation/next"):
            self.server.asked.set()
            self.server.release.wait()
            self.close_connection = True
            return
        name = parse_qs(urlsplit(self.path).query)["name"][0]
        self._reply(json.dumps({"Parameter": {"Value": self.server.values[name]}}).encode())

    def do_POST(self) -> None:
        self.server.failure = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.asked.set()
        self._reply(b"{}")

    def _reply(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *arguments: Any) -> None:
        return


class _Endpoint(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.values = values
        self.asked, self.release = threading.Event(), threading.Event()
        self.failure = ""


@contextmanager
def _serving(values: Mapping[str, str]) -> Iterator[_Endpoint]:
    endpoint = _Endpoint(values)
    thread = threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.release.set()
        endpoint.shutdown()
        thread.join()
        endpoint.server_close()


def init_ms(handler: str, *, path: Path, settings: Mapping[str, str], values: Mapping[str, str]) -> float:
    """One start. Raises RuntimeError with the runtime's own error when it fails."""
    with _serving(values) as endpoint:
        port = endpoint.server_address[1]
        environment = {
            "PATH": os.environ["PATH"],  # noqa: TID251 - a child process needs it, no setting of ours
            "PYTHONPATH": str(path),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": "arena-dev-bench",
            "AWS_REGION": "eu-central-1",
            "AWS_SESSION_TOKEN": "local-fake",
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(port),
            **settings,
        }
        began_s = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the runtime and our own handlers
            [sys.executable, "-m", "awslambdaric", handler],
            env=environment,
            cwd=path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        has_asked = endpoint.asked.wait(_INIT_LIMIT_S)
        took_ms = (time.perf_counter() - began_s) * 1000
        process.kill()
        process.wait()
        if endpoint.failure or not has_asked:
            raise RuntimeError(f"{handler} did not start: {endpoint.failure[:500]}")
    return took_ms


def measure_cold_starts(*, runs: int) -> list[ColdStart]:
    """Medians of so many starts each, after one that nobody counts; it leaves byte code behind."""
    with tempfile.TemporaryDirectory(prefix="cold-") as folder:
        (Path(folder) / "stock_hello.py").write_text(_HELLO)
        values, settings = _function_settings(Path(folder))
        starts: dict[str, list[float]] = {name: [] for name in (STOCK, *settings)}
        for run in range(runs + 1):
            for name, measured in starts.items():
                is_stock = name == STOCK
                took = init_ms(
                    "stock_hello.handler" if is_stock else f"functions.{name}.handler",
                    path=Path(folder) if is_stock else PROJECT,
                    settings={} if is_stock else settings[name],
                    values=values,
                )
                if run:
                    measured.append(took)
    medians = {name: statistics.median(measured) for name, measured in starts.items()}
    return [ColdStart(name, took, took / medians[STOCK]) for name, took in medians.items()]


def _function_settings(folder: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What the extension answers, and each function's environment with every secret as a reference.

    Claims are not configured: with a vault the claim function's readiness would be the same but for parsing.
    """
    service = read_service(PROJECT / "serverless.yml", stage="dev")
    urls = {"mongo": "mongodb://127.0.0.1:1/?w=majority", "upstash": "http://127.0.0.1:1", "kms": ""}
    secrets = local_secrets(folder / "secrets.json")
    known = base_values(service, urls=urls, secrets=secrets, clock_file=folder / "clock")
    known |= {
        "TON_NETWORK": "-3",
        "TON_PROVIDER_URL": "https://provider.example",
        "ORACLE_KMS_KEY_ID": "alias/fake",
    }
    values, settings = {}, {}
    for name, spec in service.functions.items():
        environment = {}
        for setting in (each for each in spec.environment if each in known):
            environment[setting] = known[setting]
            if BY_NAME[setting].is_secret:
                values[f"/{name}/{setting}"] = known[setting]
                environment[setting] = f"ssm:/{name}/{setting}"
        settings[name] = environment
    return values, settings


def run_cold(*, runs: int = RUNS) -> int:
    """Print every function's start; 1 when one is over its budget."""
    found = measure_cold_starts(runs=runs)
    print(f"INIT, medians of {runs}; ratios to the first line")
    print("\n".join(start.describe() for start in found))
    return 0 if all(start.is_within_budget for start in found) else 1
