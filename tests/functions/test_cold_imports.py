"""What starting a function does not load: it is paid at every cold start and needed by few requests."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITH_FIRST_USE = ("pymongo", "bson", "boto3", "botocore", "nacl", "bcrypt", "aws_lambda_powertools")
WORDS_OF_CLAIMS = (
    "shared.domain.claims",
    "shared.domain.signing_policy",
    "shared.domain.ton_views",
    "shared.ports.claims",
    "shared.ports.signing",
)


def loaded_by(function: str) -> set[str]:
    program = f"import sys, functions.{function}; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


@pytest.mark.parametrize("function", ["battle", "economy", "claim", "admin", "signer", "settle"])
def test_a_start_loads_no_driver_and_no_client_before_its_first_use(function: str) -> None:
    assert loaded_by(function).isdisjoint(WITH_FIRST_USE)


def test_the_battle_function_knows_nothing_of_claims() -> None:
    assert loaded_by("battle").isdisjoint(WORDS_OF_CLAIMS)
