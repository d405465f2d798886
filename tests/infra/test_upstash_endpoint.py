"""The Upstash endpoint, judged by Upstash's own two packages, unmodified."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from upstash_ratelimit import FixedWindow, Ratelimit, SlidingWindow, TokenBucket
from upstash_redis import Redis
from upstash_redis.asyncio import Redis as AsyncRedis
from upstash_redis.errors import UpstashError

from infra.local.endpoint_process import start_endpoint, stop_endpoint
from infra.local.redis_server import find_redis_server
from tests.conftest import UpstashRest


@pytest.fixture
def redis(upstash: UpstashRest) -> Any:
    with Redis(upstash.url, upstash.token, rest_retries=0, allow_telemetry=False) as client:
        yield client


@pytest.fixture
def key() -> str:
    return f"test:{secrets.token_hex(6)}"


def posted(upstash: UpstashRest, path: str, document: Any, *, token: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {upstash.token if token is None else token}"}
    return httpx.post(f"{upstash.url}{path}", json=document, headers=headers)


def test_values_come_back_as_they_were_set(redis: Redis, key: str) -> None:
    assert redis.set(key, "grüße\n\x00") is True
    assert redis.get(key) == "grüße\n\x00"
    assert redis.get(f"{key}:none") is None
    assert redis.incrby(f"{key}:n", 41) == 41
    assert redis.hset(f"{key}:h", values={"a": "1", "b": "2"}) == 2
    assert redis.hgetall(f"{key}:h") == {"a": "1", "b": "2"}


def test_the_plain_encoding_works_too(upstash: UpstashRest, key: str) -> None:
    with Redis(upstash.url, upstash.token, rest_encoding=None, allow_telemetry=False) as plain:
        plain.set(key, "value")
        assert plain.get(key) == "value"


def test_the_asynchronous_client_works_too(upstash: UpstashRest, key: str) -> None:
    async def run() -> Any:
        async with AsyncRedis(upstash.url, upstash.token, allow_telemetry=False) as client:
            await client.set(key, "value")
            return await client.get(key)

    assert asyncio.run(run()) == "value"


def test_a_pipeline_answers_in_order(redis: Redis, key: str) -> None:
    pipeline = redis.pipeline()
    pipeline.set(key, "1")
    pipeline.incr(key)
    pipeline.get(key)
    assert pipeline.exec() == [True, 2, "2"]


def test_a_transaction_runs_as_one(redis: Redis, key: str) -> None:
    transaction = redis.multi()
    transaction.incr(key)
    transaction.incr(key)
    assert transaction.exec() == [1, 2]


def test_a_transaction_with_a_bad_command_does_nothing(upstash: UpstashRest, redis: Redis, key: str) -> None:
    answer = posted(upstash, "/multi-exec", [["INCR", key], ["NOSUCH"]])
    assert answer.status_code == 400
    assert "unknown command" in answer.json()["error"]
    assert redis.get(key) is None


def test_one_failing_command_does_not_spoil_the_pipeline(upstash: UpstashRest, key: str) -> None:
    answer = posted(upstash, "/pipeline", [["SET", key, "word"], ["INCR", key], ["GET", key]])
    first, second, third = answer.json()
    assert first == {"result": "OK"}
    assert second["error"].startswith("ERR value is not an integer")
    assert third == {"result": "word"}


def test_an_error_of_redis_reaches_the_client(redis: Redis, key: str) -> None:
    redis.set(key, "word")
    with pytest.raises(UpstashError, match="not an integer"):
        redis.incr(key)


def test_a_command_in_the_path_is_run(upstash: UpstashRest, key: str) -> None:
    headers = {"Authorization": f"Bearer {upstash.token}"}
    assert httpx.get(f"{upstash.url}/set/{key}/a%2Fb", headers=headers).json() == {"result": "OK"}
    assert httpx.get(f"{upstash.url}/get/{key}", headers=headers).json() == {"result": "a/b"}


# So long that no window turns while a test runs.
WINDOW_S = 10**7
SCRIPT = "#!lua flags=allow-key-locking\nreturn {KEYS[1], redis.call('INCRBY', KEYS[1], ARGV[1])}"


def test_scripts_with_upstashs_own_first_line_run(redis: Redis, key: str) -> None:
    assert redis.eval(SCRIPT, keys=[key], args=["2"]) == [key, 2]


def test_a_script_loaded_by_text_is_found_by_the_digest_of_that_text(redis: Redis, key: str) -> None:
    redis.script_load(SCRIPT)
    assert redis.evalsha(hashlib.sha1(SCRIPT.encode()).hexdigest(), keys=[key], args=["3"]) == [key, 3]


@pytest.mark.parametrize(
    "algorithm",
    [FixedWindow(3, WINDOW_S), SlidingWindow(3, WINDOW_S), TokenBucket(3, 1, WINDOW_S)],
    ids=["fixed", "sliding", "bucket"],
)
def test_upstash_ratelimit_limits(upstash: UpstashRest, key: str, algorithm: Any) -> None:
    with Redis(upstash.url, upstash.token, allow_telemetry=False) as client:
        limiter = Ratelimit(client, algorithm, prefix=key)
        allowed = [limiter.limit("player").allowed for _ in range(5)]
    assert allowed == [True, True, True, False, False]


@pytest.mark.parametrize("token", ["", "wrong", "fake-upstash-token2"])
def test_another_token_is_refused(upstash: UpstashRest, token: str) -> None:
    answer = httpx.post(upstash.url, json=["PING"], headers={"Authorization": f"Bearer {token or 'x'}"})
    assert answer.status_code == 401
    assert "WRONGPASS" in answer.json()["error"]
    assert httpx.post(upstash.url, json=["PING"]).status_code == 401


@pytest.mark.parametrize("command", ["SHUTDOWN", "config", "Monitor", "MULTI", "SUBSCRIBE", "SELECT"])
def test_commands_that_own_the_connection_are_not_available(upstash: UpstashRest, command: str) -> None:
    answer = posted(upstash, "", [command, "x"])
    assert answer.status_code == 400
    assert "not available" in answer.json()["error"]


@pytest.mark.parametrize(
    "command", [[], {}, "PING", ["SET", "k", None], ["SET", "k", ["v"]], ["SET", "k", True]]
)
def test_what_is_no_command_is_refused(upstash: UpstashRest, command: Any) -> None:
    assert posted(upstash, "", command).status_code == 400


def test_a_body_that_is_not_json_is_refused(upstash: UpstashRest) -> None:
    headers = {"Authorization": f"Bearer {upstash.token}"}
    assert httpx.post(upstash.url, content=b"{", headers=headers).status_code == 400


def test_a_body_above_the_limit_is_refused(upstash: UpstashRest, key: str) -> None:
    assert posted(upstash, "", ["SET", key, "x" * (1 << 20)]).status_code == 413


def test_while_redis_is_gone_clients_are_told_to_try_again(tmp_path: Path) -> None:
    arguments = ("--data", str(tmp_path / "data"), "--token", "fake-token")
    endpoint = start_endpoint("infra.local.upstash_endpoint", *arguments, log=tmp_path / "stderr.log")
    rest = UpstashRest(endpoint.url, "fake-token")
    assert posted(rest, "", ["PING"]).json() == {"result": "PONG"}
    cli = find_redis_server().with_name("redis-cli")
    subprocess.run([str(cli), "-s", str(tmp_path / "data/redis.sock"), "shutdown", "nosave"], check=False)
    answer = posted(rest, "", ["PING"])
    stop_endpoint(endpoint)
    assert answer.status_code == 503
