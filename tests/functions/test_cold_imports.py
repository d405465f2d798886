"""What starting a function does not load: it is paid at every cold start and needed by few requests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.bench.bundled import hide_unbundled
from infra.local.supervisor import PROJECT
from tests.readiness.environments import production

WITH_FIRST_USE = ("pymongo", "bson", "boto3", "botocore", "nacl", "bcrypt", "aws_lambda_powertools")
BEYOND_THE_EDGE = (
    *("pymongo", "bson", "boto3", "botocore", "bcrypt", "httpx", "upstash_redis", "aws_lambda_powertools"),
    *("shared.services.commit", "shared.domain.ledger", "shared.domain.game_config", "shared.domain.player"),
    *("shared.bootstrap.admin_desks", "shared.bootstrap.chain", "shared.bootstrap.wallet"),
)
"""Drivers, the ledger and the game: for the first request that the edge lets pass."""
WORDS_OF_CLAIMS = (
    "shared.domain.claims",
    "shared.domain.signing_policy",
    "shared.domain.ton_views",
    "shared.ports.claims",
    "shared.ports.signing",
)


def loaded_by(function: str, environment: Mapping[str, str] | None = None) -> set[str]:
    program = f"import sys, functions.{function}; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(found.stdout.split())


@pytest.mark.parametrize("function", ["battle", "economy", "claim", "admin", "signer", "settle"])
def test_a_start_loads_no_driver_and_no_client_before_its_first_use(function: str) -> None:
    assert loaded_by(function).isdisjoint(WITH_FIRST_USE)


@pytest.mark.parametrize("function", ["battle", "economy", "claim", "admin"])
def test_a_start_judged_by_productions_rules_loads_nothing_beyond_the_edge(
    function: str, tmp_path: Path
) -> None:
    path = os.pathsep.join(map(str, (hide_unbundled(function, tmp_path), PROJECT)))
    on_lambda = {"PYTHONPATH": path, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}
    loaded = loaded_by(function, production(function) | on_lambda)
    assert "shared.readiness.rules" in loaded
    assert loaded.isdisjoint(BEYOND_THE_EDGE)
    assert {name for name in loaded if name.startswith("functions.routes.")} <= {"functions.routes.admin"}


def test_the_battle_function_knows_nothing_of_claims() -> None:
    assert loaded_by("battle").isdisjoint(WORDS_OF_CLAIMS)
