"""The account's root and two roles at the session's KMS endpoint, and keys they may use."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import access_key_id
from tests.infra.kms.kms_clients import SIGNER_ONLY, client, new_key


@pytest.fixture(scope="session")
def root(kms: str) -> Iterator[Any]:
    made = client(kms)
    yield made
    made.close()


@pytest.fixture(scope="session")
def signer(kms: str) -> Iterator[Any]:
    made = client(kms, key_id=access_key_id("signer"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def battle(kms: str) -> Iterator[Any]:
    made = client(kms, key_id=access_key_id("battle"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def key_id(root: Any) -> str:
    return new_key(root)


@pytest.fixture(scope="session")
def guarded_key_id(root: Any) -> str:
    return new_key(root, Policy=json.dumps(SIGNER_ONLY))


@pytest.fixture
def alias() -> str:
    return f"alias/test-{secrets.token_hex(4)}"
