"""The local stack with its real parts: one clock, one world, who holds what, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pymongo
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.chain_client import ChainClient
from infra.local.leftovers import StackRunning
from infra.local.local_settings import write_environments
from infra.local.process import PartFailed
from infra.local.stack import Stack, running_stack
from shared.config.declarations import held_by

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(_stack(tmp_path_factory.mktemp("stack"))) as running:
        yield running


def _stack(data_dir: Path) -> Stack:
    return Stack(data_dir, functions=("health",), schedule_every_s=0)


def _get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def _processes_of(data_dir: Path) -> list[str]:
    """Command lines of living processes that name the directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(data_dir) in command and int(path.parent.name) != os.getpid():
            found.append(command)
    return found


def _environments(stack: Stack) -> dict[str, dict[str, str]]:
    return dict(json.loads((stack.data_dir / "environments.json").read_text()))


def _kms(stack: Stack, function: str) -> Any:
    environment = _environments(stack)[function]
    return boto3.client(
        "kms",
        endpoint_url=stack.urls["kms"],
        region_name="eu-central-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_the_functions_answer_through_the_gateway(stack: Stack) -> None:
    assert _get(f"{stack.urls['gateway']}/health") == (200, {"status": "ok"})
    status, problem = _get(f"{stack.urls['gateway']}/no/such/path")
    assert (status, problem["code"]) == (404, "not_found")


def test_a_function_is_given_no_more_than_it_holds(stack: Stack) -> None:
    for function, environment in _environments(stack).items():
        credentials = (
            {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} if function in ("claim", "signer") else set()
        )
        assert set(environment) <= {setting.name for setting in held_by(function)} | credentials


def test_a_function_is_given_every_setting_it_needs_to_start(stack: Stack) -> None:
    added_by_the_gateway = {"LAMBDA_ENDPOINT_URL"}
    for function, environment in _environments(stack).items():
        needed = {setting.name for setting in held_by(function) if setting.is_required}
        assert needed - added_by_the_gateway <= set(environment), function


def test_only_the_signers_role_can_sign_and_only_raw(stack: Stack) -> None:
    order = {"KeyId": stack.settings["ORACLE_KMS_KEY_ID"], "SigningAlgorithm": "ED25519_SHA_512"}
    assert len(_kms(stack, "signer").sign(Message=b"x" * 32, MessageType="RAW", **order)["Signature"]) == 64
    with pytest.raises(ClientError, match="AccessDenied"):
        _kms(stack, "claim").sign(Message=b"x" * 32, MessageType="RAW", **order)
    prehashed = {**order, "SigningAlgorithm": "ED25519_PH_SHA_512"}
    with pytest.raises(ClientError, match="AccessDenied"):
        _kms(stack, "signer").sign(Message=b"x" * 64, MessageType="DIGEST", **prehashed)


def test_the_vault_on_chain_trusts_the_key_in_kms(stack: Stack) -> None:
    chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])
    on_chain = int(chain.get(stack.settings["ARENA_VAULT_ADDRESS"], "getOraclePublicKey")[0][1], 16)
    public_key = _kms(stack, "signer").get_public_key(KeyId=stack.settings["ORACLE_KMS_KEY_ID"])["PublicKey"]
    assert on_chain.to_bytes(32, "big") == public_key[-32:]


def test_moving_the_clock_moves_chain_and_stack_alike(stack: Stack) -> None:
    chain = ChainClient(stack.urls["chain"], stack.settings["TON_API_KEY"])

    def chain_time_s() -> int:
        return int(
            chain.call("getAddressInformation", address=stack.settings["ARENA_VAULT_ADDRESS"])["sync_utime"]
        )

    before_s, stack_before_ms = chain_time_s(), stack.now_ms()
    assert stack.advance_clock(3600) >= stack_before_ms + 3_600_000
    assert 3600 <= chain_time_s() - before_s < 3630


def test_a_killed_database_comes_back_where_it_was_with_its_data(stack: Stack) -> None:
    url = stack.urls["mongo"]
    with pymongo.MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=3000) as client:
        client["kept"]["things"].insert_one({"_id": "a"})
    stack.kill("mongo")
    with pytest.raises(PartFailed, match="mongo ended with exit code -9"):
        stack.check()
    stack.restart("mongo")
    assert stack.urls["mongo"] == url
    with pymongo.MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=3000) as client:
        assert client["kept"]["things"].find_one({"_id": "a"}) == {"_id": "a"}
    stack.check()


def test_a_killed_gateway_comes_back_where_it_was(stack: Stack) -> None:
    stack.kill("gateway")
    with pytest.raises(urllib.error.URLError):
        _get(f"{stack.urls['gateway']}/health")
    stack.restart("gateway")
    assert _get(f"{stack.urls['gateway']}/health")[0] == 200


def test_a_function_that_cannot_start_is_named_with_its_one_line(stack: Stack) -> None:
    environments = _environments(stack)
    broken = {**environments, "health": {**environments["health"], "METRICS_TOKEN": ""}}
    write_environments(stack.data_dir / "environments.json", broken)
    try:
        with pytest.raises(PartFailed, match=r"function health did not start: .*METRICS_TOKEN"):
            stack.restart("gateway")
    finally:
        write_environments(stack.data_dir / "environments.json", environments)
        stack.restart("gateway")


def test_secrets_are_kept_and_only_their_owner_can_read_them(stack: Stack) -> None:
    path = stack.data_dir / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (stack.data_dir / "environments.json").stat().st_mode & 0o777 == 0o600
    assert stack.secrets["ADMIN_PASSWORD"] not in (stack.data_dir / "environments.json").read_text()


def test_a_second_stack_in_the_same_directory_is_refused(stack: Stack) -> None:
    with pytest.raises(StackRunning, match=str(os.getpid())):
        _stack(stack.data_dir).start()
    stack.check()


PROGRAM = """
import sys
from pathlib import Path
from infra.local.stack import Stack, running_stack, serve_until_stopped
stack = Stack(Path(sys.argv[1]), functions=("health",), schedule_every_s=0)
with running_stack(stack) as stack:
    print(stack.urls["gateway"], flush=True)
    serve_until_stopped(stack)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_the_stack_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with (tmp_path / "stderr").open("w") as stderr:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        url = out.readline().strip()
    assert _get(f"{url}/health")[0] == 200
    assert len(_processes_of(tmp_path)) >= 5
    process.send_signal(number)
    process.wait(15)
    end_s = time.monotonic() + 5  # after SIGKILL the parts notice by themselves
    while _processes_of(tmp_path) and time.monotonic() < end_s:
        time.sleep(0.1)
    assert _processes_of(tmp_path) == []
