"""The health function: light, always answering, and silent about everything but names."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from functions.edge.lambda_entry import lambda_handler
from functions.health import ASKED_EVERY_S, create_health_app
from shared.domain.errors import Unavailable
from shared.wiring import Dependency, EdgeWiring, HealthWiring, MetricSample
from tests.fakes.clock import FakeClock
from tests.functions.edge_app import document_of, gateway_event
from tests.functions.emitted import metrics_in, of_service

TOKEN = "metrics-token-FAKE-FOR-TESTS-ONLY"


@dataclass
class HealthUnderTest:
    """The health app over dependencies a test chooses."""

    dependencies: tuple[Dependency, ...] = ()
    samples: list[MetricSample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = create_health_app(self.wiring)

    def wiring(self) -> HealthWiring:
        return HealthWiring(
            EdgeWiring(FakeClock()), self.dependencies, lambda: self.samples, lambda: None, TOKEN
        )

    def call(self, path: str, *, method: str = "GET", token: str = "") -> httpx.Response:
        return asyncio.get_event_loop().run_until_complete(self._send(path, method=method, token=token))

    def call_at_once(self, path: str, *, times: int) -> list[httpx.Response]:
        async def send() -> list[httpx.Response]:
            return await asyncio.gather(*(self._send(path) for _ in range(times)))

        return asyncio.get_event_loop().run_until_complete(send())

    async def _send(self, path: str, *, method: str = "GET", token: str = "") -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://arena.test") as client:
            return await client.request(method, path, headers={"authorization": token.encode("latin-1")})


@pytest.fixture
def health(event_loop_for_handlers: asyncio.AbstractEventLoop) -> HealthUnderTest:
    """A health function with nothing to ask."""
    return HealthUnderTest()


def fails() -> None:
    raise Unavailable("10.0.0.7:27017 refused the password hunter2")


def test_importing_health_imports_no_driver_and_no_framework() -> None:
    program = "import sys, functions.health; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {
        "pymongo",
        "bson",
        "boto3",
        "botocore",
        "tonsdk",
        "nacl",
        "jwt",
        "bcrypt",
        "fastapi",
        "pydantic",
        "httpx",
    }
    assert heavy.isdisjoint(found.stdout.split())


def test_alive_touches_no_dependency(health: HealthUnderTest) -> None:
    asked: list[int] = []
    health.dependencies = (Dependency("database", lambda: asked.append(1)),)
    answer = health.call("/health")
    assert (answer.status_code, answer.json(), asked) == (200, {"status": "ok"}, [])


def test_ready_names_every_dependency(health: HealthUnderTest) -> None:
    health.dependencies = (Dependency("database", lambda: None), Dependency("limiter", lambda: None))
    answer = health.call("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert [entry["name"] for entry in answer.json()["dependencies"]] == ["database", "limiter"]


def test_a_failing_dependency_that_matters_is_503_by_name_and_without_values(health: HealthUnderTest) -> None:
    health.dependencies = (Dependency("database", fails), Dependency("limiter", lambda: None))
    answer = health.call("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert [entry["status"] for entry in answer.json()["dependencies"]] == ["failed", "ok"]
    assert "hunter2" not in answer.text
    assert "10.0.0.7" not in answer.text


def test_why_it_failed_is_in_the_log_alone(health: HealthUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    health.dependencies = (Dependency("database", fails),)
    health.call("/health/ready")
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Unavailable)


def test_one_that_does_not_matter_degrades_nothing_but_its_line(health: HealthUnderTest) -> None:
    health.dependencies = (Dependency("limiter", fails, is_essential=False),)
    answer = health.call("/health/ready")
    assert (answer.status_code, answer.json()["dependencies"][0]["status"]) == (200, "failed")


@pytest.mark.parametrize(
    ("name", "is_essential", "outcome", "failed", "down", "refusals"),
    [("database", True, "not_ready", 1, 0, 1), ("limiter", False, "ok", 0, 1, 0)],
)
def test_what_the_probe_finds_is_in_its_line_and_its_metrics(
    health: HealthUnderTest,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    name: str,
    is_essential: bool,
    outcome: str,
    failed: int,
    down: int,
    refusals: int,
) -> None:
    health.dependencies = (Dependency(name, fails, is_essential=is_essential),)
    health.call("/health/ready")
    (record,) = caplog.records
    found = metrics_in(capsys.readouterr().out.splitlines())
    single = of_service(found)
    assert record.__dict__["outcome"] == outcome
    # NotReady means that a function may not run at all; the probe's own no must not look like that.
    assert (single["ReadinessFailed"], single["LimiterDown"], single["NotReady"]) == (failed, down, 0)
    assert sum(value for (metric, _), value in found.items() if metric == "Refusals") == refusals


def test_a_hanging_dependency_ends_with_its_own_limit_and_delays_no_other(health: HealthUnderTest) -> None:
    gate = threading.Event()
    health.dependencies = (
        Dependency("slow", lambda: gate.wait(20), limit_ms=50),
        Dependency("slower", lambda: gate.wait(20), limit_ms=150),
        Dependency("quick", lambda: None),
    )
    started_s = time.monotonic()
    answer = health.call("/health/ready")
    gate.set()
    assert time.monotonic() - started_s < 5
    assert [entry["status"] for entry in answer.json()["dependencies"]] == ["timed_out", "timed_out", "ok"]
    assert answer.status_code == 503


def test_however_many_ask_at_once_a_dependency_is_asked_once_a_second(health: HealthUnderTest) -> None:
    asked: list[float] = []
    health.dependencies = (Dependency("database", lambda: asked.append(time.monotonic())),)
    started_s = time.monotonic()
    assert {answer.status_code for answer in health.call_at_once("/health/ready", times=50)} == {200}
    while len(asked) < 2:
        health.call("/health/ready")
    assert len(asked) <= 1 + (time.monotonic() - started_s) / ASKED_EVERY_S
    assert asked[1] - asked[0] >= ASKED_EVERY_S


def test_an_unexpected_exception_of_a_check_counts_as_a_failure(health: HealthUnderTest) -> None:
    health.dependencies = (Dependency("database", lambda: 1 // 0),)
    assert health.call("/health/ready").json()["dependencies"][0]["status"] == "failed"


@pytest.mark.parametrize(
    "token", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00fc"]
)
def test_metrics_are_for_whoever_holds_the_token(health: HealthUnderTest, token: str) -> None:
    answer = health.call("/metrics", token=token)
    assert answer.status_code == 401
    assert "arena_" not in answer.text


def test_metrics_are_prometheus_text(health: HealthUnderTest) -> None:
    health.samples = [
        MetricSample("arena_left", "gauge", "Left.\nOf it.", 5, {"budget": 'A"\\B'}),
        MetricSample("arena_rows", "counter", "Rows.", 7),
        MetricSample("arena_left", "gauge", "Left.\nOf it.", 6, {"budget": "C"}),
    ]
    answer = health.call("/metrics", token=f"Bearer {TOKEN}")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text == (
        "# HELP arena_left Left.\\nOf it.\n# TYPE arena_left gauge\n"
        'arena_left{budget="A\\"\\\\B"} 5\narena_left{budget="C"} 6\n'
        "# HELP arena_rows Rows.\n# TYPE arena_rows counter\narena_rows 7\n"
    )


@pytest.mark.parametrize("path", ["/", "/health/", "/api/anything", "/metrics/x"])
def test_the_rest_of_the_gateway_is_a_404_problem(health: HealthUnderTest, path: str) -> None:
    answer = health.call(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_wrong_method_is_405_with_allow(health: HealthUnderTest) -> None:
    answer = health.call("/health", method="POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_head_answers_without_a_body(health: HealthUnderTest) -> None:
    answer = health.call("/health", method="HEAD")
    assert (answer.status_code, answer.text) == (200, "")


def test_it_answers_gateway_events(health: HealthUnderTest) -> None:
    handler = lambda_handler(health.app, wiring=health.wiring, environment={})
    answer: dict[str, Any] = handler(gateway_event("GET", "/health"), None)
    assert (answer["statusCode"], document_of(answer)) == (200, {"status": "ok"})
    unknown = handler(gateway_event("GET", "/nothing"), None)
    assert (unknown["statusCode"], document_of(unknown)["code"]) == (404, "not_found")
