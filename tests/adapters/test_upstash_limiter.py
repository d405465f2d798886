"""The shared limiter under load, in a flood and during an outage, on a real Redis."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from upstash_redis import Redis

from infra.local.endpoint_process import start_endpoint, stop_endpoint
from shared.adapters.upstash_limiter import KEY_PREFIX, UpstashLimiter
from shared.domain.errors import Unavailable
from shared.ports.limiter import LimitCheck
from tests.adapters.limiter_hammer import PATIENT_S, hammer
from tests.conftest import UpstashRest
from tests.xray_daemon import XrayDaemon, outcomes

PROCESSES = 8
ROUNDS = 20 if os.environ.get("ARENA_TEST_FULL") else 2  # noqa: TID251 - the test run's own switch
LIMIT = 40
SLOW_S = 36_000


@pytest.fixture
def limiter(upstash: UpstashRest) -> Iterator[UpstashLimiter]:
    made = UpstashLimiter(url=upstash.url, token=upstash.token, answer_within_s=PATIENT_S)
    yield made
    made.close()


@pytest.fixture
def redis(upstash: UpstashRest) -> Iterator[Redis]:
    with Redis(upstash.url, upstash.token, allow_telemetry=False) as client:
        yield client


@pytest.fixture
def subject() -> str:
    return f"203.0.113.7:{secrets.token_hex(6)}"


def check(subject: str, *, limit: int, window_s: int = SLOW_S) -> LimitCheck:
    return LimitCheck(policy="address", subject=subject, limit=limit, window_s=window_s)


def test_eight_processes_on_one_limit_never_pass_more_than_it_allows(
    upstash: UpstashRest, subject: str
) -> None:
    checks = [check(f"{subject}:{number}", limit=LIMIT) for number in range(ROUNDS)]
    arguments = (upstash.url, upstash.token, checks, 2 * LIMIT)
    # Imports are paid once, and nothing of this process is inherited.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([hammer.__module__])
    with context.Pool(PROCESSES) as pool:
        by_process = pool.starmap(hammer, [arguments] * PROCESSES, chunksize=1)
        pool.close()
        pool.join()
    assert [sum(counts) for counts in zip(*by_process, strict=True)] == [LIMIT] * ROUNDS


def scripts_run(redis: Redis) -> int:
    """How many EVALs Redis has served."""
    statistics = str(redis.execute(["INFO", "commandstats"]))
    [line] = [line for line in statistics.splitlines() if line.startswith("cmdstat_eval:")]
    return int(line.split("calls=")[1].split(",")[0])


def test_several_limits_cost_one_round_trip(limiter: UpstashLimiter, redis: Redis, subject: str) -> None:
    checks = [LimitCheck(policy, subject, 5, SLOW_S) for policy in ("address", "player", "claim")]
    limiter.check(checks)
    before = scripts_run(redis)
    limiter.check(checks)
    assert scripts_run(redis) == before + 1


def test_a_flood_of_a_blocked_address_costs_no_round_trips(
    limiter: UpstashLimiter, redis: Redis, subject: str
) -> None:
    flooding = check(subject, limit=3)
    player = LimitCheck("player", subject, 100, SLOW_S)
    for _ in range(4):
        limiter.check([flooding, player])
    before = scripts_run(redis)
    verdicts = [limiter.check([flooding, player]) for _ in range(1000)]
    assert scripts_run(redis) == before
    assert {(verdict.is_allowed, verdict.policy, verdict.remaining) for verdict in verdicts} == {
        (False, "address", 0)
    }
    assert all(0 < verdict.retry_after_ms <= SLOW_S * 1000 // 3 for verdict in verdicts)


def test_a_blocked_address_does_not_block_another(limiter: UpstashLimiter, subject: str) -> None:
    for _ in range(3):
        limiter.check([check(subject, limit=1)])
    assert limiter.check([check(f"{subject}9", limit=1)]).is_allowed


def test_a_remembered_refusal_ends_when_it_said_it_would(upstash: UpstashRest, subject: str) -> None:
    now_us = [0]
    limiter = UpstashLimiter(
        url=upstash.url, token=upstash.token, answer_within_s=PATIENT_S, now_us=lambda: now_us[0]
    )
    one = check(subject, limit=1, window_s=100)
    limiter.check([one])
    first = limiter.check([one])
    now_us[0] = 40_000_000
    later = limiter.check([one])
    assert first.retry_after_ms - later.retry_after_ms == 40_000
    now_us[0] = 100_000_000
    asked_again = limiter.check([one])
    limiter.close()
    # By the memory's clock the wait is over, by Redis's it is not: Redis was asked.
    assert 90_000 < asked_again.retry_after_ms <= 100_000


def test_every_bucket_leaves_redis_when_it_is_full_again(
    limiter: UpstashLimiter, redis: Redis, subject: str
) -> None:
    limiter.check([check(subject, limit=10, window_s=100)])
    left_ms = redis.pttl(f"{KEY_PREFIX}address:{subject}")
    assert 0 < left_ms <= 10_000


def test_after_close_the_next_check_connects_again(limiter: UpstashLimiter, subject: str) -> None:
    assert limiter.check([check(subject, limit=2)]).remaining == 1
    limiter.close()
    assert limiter.check([check(subject, limit=2)]).remaining == 0


def test_a_trace_shows_a_check_that_asked_the_store_and_no_other(
    limiter: UpstashLimiter, subject: str, xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    xray.trace_invocations(monkeypatch)
    assert [limiter.check([check(subject, limit=1)]).is_allowed for _ in range(3)] == [True, False, False]
    assert outcomes(xray.subsegments()) == [("Upstash", "")] * 2, "a refusal is an answer, then remembered"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        unavailable_after_s(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert outcomes(xray.subsegments()) == [("Upstash", "fault")]
    assert subject.encode() not in b"".join(xray.datagrams)


def unavailable_after_s(url: str, *, token: str = "fake-token") -> float:
    limiter = UpstashLimiter(url=url, token=token)
    started_s = time.monotonic()
    with pytest.raises(Unavailable):
        limiter.check([check("ann", limit=5)])
    took_s = time.monotonic() - started_s
    limiter.close()
    return took_s


def test_a_store_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        unavailable_after_s(f"http://127.0.0.1:{closed.getsockname()[1]}")


@contextmanager
def hung_up_after(seconds: float, listener: socket.socket) -> Iterator[None]:
    """Accept one connection and close it then, so that a client without a time limit fails its test."""

    def hang_up() -> None:
        connection, _ = listener.accept()
        with connection:
            done.wait(seconds)

    done = threading.Event()
    thread = threading.Thread(target=hang_up)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_store_that_never_answers_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, hung_up_after(10, silent):
        took_s = unavailable_after_s(f"http://127.0.0.1:{silent.getsockname()[1]}")
    # 0.3 s and the building of the client, on a machine that may be busy; the package would wait for ever.
    assert 0.25 < took_s < 5


def test_a_wrong_token_is_unavailable_and_not_a_free_pass(upstash: UpstashRest) -> None:
    unavailable_after_s(upstash.url, token="wrong")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>maintenance</html>"),
        (502, b""),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"result": null}'),
        (200, b'{"result": [1]}'),
        (200, b'{"result": ["x", 1]}'),
        (429, b'{"error": "ERR max daily request limit exceeded"}'),
    ],
)
def test_an_answer_that_is_not_the_scripts_is_unavailable(status: int, body: bytes) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            unavailable_after_s(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


def test_the_store_counts_again_as_soon_as_it_is_back(tmp_path: Path, subject: str) -> None:
    arguments = ("--data", str(tmp_path / "data"), "--token", "fake-token")
    endpoint = start_endpoint("infra.local.upstash_endpoint", *arguments, log=tmp_path / "stderr.log")
    limiter = UpstashLimiter(url=endpoint.url, token="fake-token", answer_within_s=1.5)
    one = check(subject, limit=3)
    assert limiter.check([one]).remaining == 2
    endpoint.process.send_signal(signal.SIGSTOP)
    with pytest.raises(Unavailable):
        limiter.check([one])
    endpoint.process.send_signal(signal.SIGCONT)
    assert eventually_remaining(limiter, one) <= 1
    limiter.close()
    stop_endpoint(endpoint)


def eventually_remaining(limiter: UpstashLimiter, one: LimitCheck) -> int:
    """The request that timed out may have been counted once, and never more than once."""
    return retried(lambda: limiter.check([one]).remaining)


def retried(call: Callable[[], int]) -> int:
    for _ in range(20):
        try:
            return call()
        except Unavailable:
            time.sleep(0.05)
    return call()
