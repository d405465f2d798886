"""How an environment starts: without collecting garbage that is none, and with the collector at work afterwards."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from functions.edge.environment_start import prepare

_ASK = "import functions, gc; print(gc.isenabled())"


@pytest.mark.parametrize(
    ("environment", "answer"), [({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}, "False"), ({}, "True")]
)
def test_the_collector_rests_while_a_lambda_environment_starts_and_only_there(
    environment: dict[str, str], answer: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _ASK], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == answer


def test_after_the_start_the_collector_works_and_leaves_what_was_built_alone() -> None:
    built: list[int] = []
    gc.disable()
    try:
        prepare(lambda: built.append(1), environment={"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"})
        assert built == [1]
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()


@pytest.mark.parametrize("function", ["signer", "settle"])
def test_a_private_function_starts_without_a_web_framework(function: str) -> None:
    ask = f"import sys, functions.{function}; print({{'fastapi', 'mangum', 'boto3', 'pymongo'}} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", ask], env={}, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_an_http_function_starts_without_drivers_it_may_not_need() -> None:
    ask = "import sys, functions.battle; print({'boto3', 'pymongo', 'upstash_redis', 'httpx'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", ask], env={}, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
