"""The real parts every test may ask for: a database, the Upstash REST, KMS and TON endpoints.

Each starts when the first test of a session asks for it, on a free loopback port, and is stopped by
its process id. Under pytest-xdist every worker has a set of its own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from nacl.signing import SigningKey
from pymongo import MongoClient
from pymongo.database import Database

from infra.local.chain_client import ChainClient
from infra.local.clock import write_offset_ms
from infra.local.endpoint_process import EndpointProcess, start_endpoint, stop_endpoint
from infra.local.world import World, create_world
from shared.adapters.xray import close_daemon_socket
from tests.xray_daemon import XrayDaemon, xray_daemon

KMS_ACCOUNT = "000000000000"
FUNCTION_NAMES = ("health", "battle", "economy", "claim", "admin", "signer", "settle")


class UpstashRest(NamedTuple):
    """What UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN would hold."""

    url: str
    token: str


def role_arn(function: str) -> str:
    """The IAM role the local KMS endpoint takes a function for."""
    return f"arn:aws:iam::{KMS_ACCOUNT}:role/{function}"


def access_key_id(function: str) -> str:
    """The fake access key id that makes a boto3 client act as a function's role; any other is the root."""
    return f"AKIAFAKE{function.upper():0<12}"


def _endpoint(folder: Path, module: str, *arguments: str) -> Iterator[EndpointProcess]:
    endpoint = start_endpoint(module, *arguments, log=folder / "stderr.log")
    yield endpoint
    stop_endpoint(endpoint)


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """ARENA_MONGODB_URI if set, else a local server of this session."""
    if given := os.environ.get("ARENA_MONGODB_URI"):  # noqa: TID251 - the test run's own switch
        yield given
        return
    folder = tmp_path_factory.mktemp("mongo")
    for endpoint in _endpoint(folder, "infra.local.mongo_server", "--data", str(folder / "data")):
        yield endpoint.url


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](mongo_uri, serverSelectionTimeoutMS=5000, w="majority") as client:
        yield client


@pytest.fixture
def mongo_database(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database of the test's own, dropped afterwards."""
    name = f"arena_test_{secrets.token_hex(6)}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


@pytest.fixture(scope="session")
def upstash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpstashRest]:
    """One Redis for the session behind Upstash's REST: a test keeps to keys of its own."""
    folder = tmp_path_factory.mktemp("upstash")
    token = "fake-upstash-token"
    arguments = ("--data", str(folder / "data"), "--token", token)
    for endpoint in _endpoint(folder, "infra.local.upstash_endpoint", *arguments):
        yield UpstashRest(endpoint.url, token)


@pytest.fixture(scope="session")
def kms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The local KMS endpoint's URL, for `boto3.client("kms", endpoint_url=...)`.

    With `access_key_id("signer")` a client is the signer's role and its key policies are enforced;
    with any other access key id it is the account's root.
    """
    folder = tmp_path_factory.mktemp("kms")
    principals = [f"--principal={access_key_id(name)}={role_arn(name)}" for name in FUNCTION_NAMES]
    for endpoint in _endpoint(folder, "infra.local.kms_endpoint", *principals):
        yield endpoint.url


@pytest.fixture(scope="module")
def chain_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clock file of the module's chain: real time until a test moves it."""
    path = tmp_path_factory.mktemp("clock") / "offset_ms"
    write_offset_ms(path, 0)
    return path


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, chain_clock: Path) -> Iterator[ChainClient]:
    """A TON chain of the test module's own, because lags, faults and moved time stay with it."""
    folder = tmp_path_factory.mktemp("chain")
    arguments = ("--api-key", "fake-ton-key", "--clock", str(chain_clock))
    for endpoint in _endpoint(folder, "infra.local.chain_endpoint", *arguments):
        yield ChainClient(endpoint.url, api_key="fake-ton-key")


@pytest.fixture(scope="module")
def oracle() -> SigningKey:
    """The key of `world`'s vault."""
    return SigningKey.generate()


@pytest.fixture(scope="module")
def world(chain: ChainClient, oracle: SigningKey) -> World:
    """Jetton and vault on the module's chain."""
    return create_world(chain, oracle_public_key=bytes(oracle.verify_key))


@pytest.fixture
def xray() -> Iterator[XrayDaemon]:
    """X-Ray's daemon; nothing is traced before the test says so."""
    with xray_daemon() as daemon:
        yield daemon
    close_daemon_socket()
