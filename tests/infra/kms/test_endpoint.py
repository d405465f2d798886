"""The KMS endpoint itself: requests that are none, planned faults, and what outlives a restart."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ReadTimeoutError

from infra.local.endpoint_process import start_endpoint, stop_endpoint
from tests.infra.kms.kms_clients import SIGN, SIGNER_ONLY, client, code_of, new_key


def test_a_request_without_a_signature_is_refused(kms: str) -> None:
    answer = httpx.post(kms, headers={"X-Amz-Target": "TrentService.ListKeys"}, json={})
    assert (answer.status_code, answer.json()["__type"]) == (400, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("operation", ["Encrypt", "", "RetireGrant", "__init__"])
def test_an_operation_that_is_not_ours_is_refused(kms: str, operation: str) -> None:
    headers = {"X-Amz-Target": f"TrentService.{operation}", "Authorization": "Credential=AKIAFAKEROOT/x"}
    assert httpx.post(kms, headers=headers, json={}).json()["__type"] == "UnknownOperationException"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"KeyId": "x", "Message": "%"}'])
def test_a_body_that_cannot_be_read_is_refused(kms: str, body: bytes) -> None:
    headers = {"X-Amz-Target": "TrentService.Sign", "Authorization": "Credential=AKIAFAKEROOT/x"}
    assert httpx.post(kms, headers=headers, content=body).json()["__type"] == "SerializationException"


def plan(kms: str, **fault: Any) -> None:
    httpx.post(f"{kms}/_faults", json=fault).raise_for_status()


def test_a_planned_throttle_is_outlived_by_a_client_that_tries_again(kms: str, root: Any) -> None:
    plan(kms, kind="throttle", count=1)
    assert code_of(root.list_keys) == "ThrottlingException"
    plan(kms, kind="throttle", count=1)
    patient = client(kms, retries=2)
    assert patient.list_keys()["Keys"] is not None
    patient.close()


def test_a_planned_error_is_a_500(kms: str, root: Any) -> None:
    plan(kms, kind="error", count=1)
    assert code_of(root.list_keys) == "KMSInternalException"
    assert root.list_keys()["Keys"] is not None


def test_a_planned_hang_lasts_as_long_as_it_says(kms: str) -> None:
    plan(kms, kind="hang", count=1, seconds=30)
    hasty = client(kms, read_timeout_s=0.2)
    with pytest.raises(ReadTimeoutError):
        hasty.list_keys()
    started_s = time.monotonic()
    plan(kms, kind="hang", count=1, seconds=0.3)
    patient = client(kms)
    assert patient.list_keys()["Keys"] is not None
    assert time.monotonic() - started_s >= 0.3
    patient.close()
    hasty.close()


def test_planned_faults_can_be_forgotten(kms: str, root: Any) -> None:
    plan(kms, kind="error", count=5)
    plan(kms, count=0)
    assert root.list_keys()["Keys"] is not None


def test_a_fault_nobody_knows_is_refused(kms: str) -> None:
    assert httpx.post(f"{kms}/_faults", json={"kind": "melt"}).status_code == 400


def test_keys_survive_a_restart_only_in_a_private_state_file(tmp_path: Path, alias: str) -> None:
    state, log = tmp_path / "kms.json", tmp_path / "stderr.log"
    first = start_endpoint("infra.local.kms_endpoint", "--state", str(state), log=log)
    root = client(first.url)
    key, disabled = new_key(root, Policy=json.dumps(SIGNER_ONLY)), new_key(root)
    root.create_alias(AliasName=alias, TargetKeyId=key)
    root.disable_key(KeyId=disabled)
    before = root.describe_key(KeyId=alias)["KeyMetadata"]
    root.close()
    first.process.kill()
    stop_endpoint(first)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600

    second = start_endpoint("infra.local.kms_endpoint", "--state", str(state), log=log)
    root = client(second.url)
    after = root.describe_key(KeyId=alias)["KeyMetadata"]
    state_after = root.describe_key(KeyId=disabled)["KeyMetadata"]["KeyState"]
    refusal = code_of(root.sign, KeyId=alias, **SIGN)
    root.close()
    stop_endpoint(second)
    assert after == before
    assert state_after == "Disabled"
    assert refusal == "AccessDeniedException"


def test_without_a_state_file_a_restart_is_a_new_world(tmp_path: Path) -> None:
    log = tmp_path / "stderr.log"
    for _ in range(2):
        endpoint = start_endpoint("infra.local.kms_endpoint", log=log)
        root = client(endpoint.url)
        assert root.list_keys()["Keys"] == []
        new_key(root)
        root.close()
        stop_endpoint(endpoint)
