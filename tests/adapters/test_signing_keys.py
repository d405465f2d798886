"""Signing keys: one contract for KMS (behind its real protocol) and for the local key."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from shared.adapters.ed25519 import verify
from shared.adapters.kms_signing_key import KmsSigningKey
from shared.adapters.local_signing_key import LocalSigningKey
from shared.domain.errors import InvariantBroken, Unavailable
from shared.ports.signing import SigningKey
from tests.conftest import access_key_id, role_arn
from tests.xray_daemon import XrayDaemon, outcomes

FAKE_SEED = b"\x2a" * 32


@pytest.fixture
def administrator(kms: str) -> Any:
    return boto3.client(
        "kms",
        endpoint_url=kms,
        region_name="eu-central-1",
        aws_access_key_id="AKIAFAKEROOT",
        aws_secret_access_key="fake",
    )


@pytest.fixture
def signer_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_id("signer"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")


@pytest.fixture
def kms_key_id(administrator: Any) -> str:
    """A key whose policy lets the signer's role do exactly what it needs."""
    root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*"}
    signer = {"Effect": "Allow", "Principal": {"AWS": role_arn("signer")}}
    may_sign = {
        "Action": ["kms:Sign"],
        "Condition": {
            "StringEquals": {"kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW"},
        },
    }
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            root | {"Resource": "*"},
            signer | may_sign | {"Resource": "*"},
            signer | {"Action": ["kms:GetPublicKey"], "Resource": "*"},
        ],
    }
    key = administrator.create_key(
        KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY", Policy=json.dumps(policy)
    )
    return str(key["KeyMetadata"]["KeyId"])


@pytest.fixture
def kms_key(kms: str, kms_key_id: str, signer_role: None) -> KmsSigningKey:
    return KmsSigningKey(key_id=kms_key_id, endpoint_url=kms)


@pytest.fixture(params=["kms", "local"])
def key(request: pytest.FixtureRequest) -> SigningKey:
    if request.param == "local":
        return LocalSigningKey(seed=FAKE_SEED)
    found: SigningKey = request.getfixturevalue("kms_key")
    return found


@pytest.fixture
def plan_faults(kms: str) -> Iterator[Callable[..., None]]:
    """The endpoint's own fault switch; nothing is left planned for the next test."""

    def plan(**fault: Any) -> None:
        connection = http.client.HTTPConnection(urlsplit(kms).netloc, timeout=5)
        connection.request("POST", "/_faults", json.dumps(fault))
        assert connection.getresponse().status == 200
        connection.close()

    yield plan
    plan(count=0)


def test_a_signature_verifies_under_the_keys_own_public_key(key: SigningKey) -> None:
    message = b"\x07" * 32
    signature = key.sign(message)
    assert len(key.public_key()) == 32
    assert len(signature) == 64
    assert verify(key.public_key(), message, signature)


def test_the_same_message_gets_the_same_signature(key: SigningKey) -> None:
    assert key.sign(b"one message") == key.sign(b"one message")


@pytest.mark.parametrize("length", [1, 4096])
def test_the_shortest_and_the_longest_message_are_signed(key: SigningKey, length: int) -> None:
    assert verify(key.public_key(), bytes(length), key.sign(bytes(length)))


@pytest.mark.parametrize("length", [0, 4097])
def test_a_message_outside_the_limits_is_our_mistake(key: SigningKey, length: int) -> None:
    with pytest.raises(InvariantBroken):
        key.sign(bytes(length))


def test_a_key_has_a_name_and_never_shows_itself(key: SigningKey) -> None:
    assert key.key_id
    assert FAKE_SEED.hex() not in repr(key)
    assert repr(FAKE_SEED) not in repr(key)


def test_the_local_key_is_that_of_rfc_8032() -> None:
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = LocalSigningKey(seed=seed)
    assert key.public_key().hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540")


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(64), "00" * 32])
def test_a_seed_of_another_shape_is_no_key(seed: Any) -> None:
    with pytest.raises(InvariantBroken):
        LocalSigningKey(seed=seed)


def refusal_of(action: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as refusal:
        action()
    return refusal.value.code


def test_a_disabled_key_says_so(kms_key: KmsSigningKey, administrator: Any) -> None:
    administrator.disable_key(KeyId=kms_key.key_id)
    assert refusal_of(lambda: kms_key.sign(b"m")) == "kms_key_disabled"
    assert refusal_of(kms_key.public_key) == "kms_key_disabled"
    administrator.enable_key(KeyId=kms_key.key_id)
    assert kms_key.sign(b"m")


def test_a_key_about_to_be_deleted_counts_as_disabled(kms_key: KmsSigningKey, administrator: Any) -> None:
    administrator.schedule_key_deletion(KeyId=kms_key.key_id, PendingWindowInDays=7)
    assert refusal_of(lambda: kms_key.sign(b"m")) == "kms_key_disabled"


def test_another_role_is_denied(kms_key: KmsSigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_id("battle"))
    assert refusal_of(lambda: kms_key.sign(b"m")) == "kms_access_denied"


def test_without_credentials_access_is_denied(kms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert refusal_of(lambda: KmsSigningKey(key_id="k", endpoint_url=kms).sign(b"m")) == "kms_access_denied"


@pytest.mark.parametrize("key_id", ["alias/nobody", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_key_is_not_found(kms: str, signer_role: None, key_id: str) -> None:
    key = KmsSigningKey(key_id=key_id, endpoint_url=kms)
    assert refusal_of(lambda: key.sign(b"m")) == "kms_key_not_found"
    assert refusal_of(key.public_key) == "kms_key_not_found"


@pytest.mark.parametrize("kind", ["throttle", "error"])
def test_one_hiccup_is_retried_and_two_are_reported(
    kms_key: KmsSigningKey, plan_faults: Callable[..., None], kind: str
) -> None:
    plan_faults(kind=kind, count=1)
    assert kms_key.sign(b"m")
    plan_faults(kind=kind, count=2)
    assert refusal_of(lambda: kms_key.sign(b"m")) == "kms_unavailable"


def test_a_trace_shows_each_question_to_the_key_service(
    kms_key: KmsSigningKey,
    plan_faults: Callable[..., None],
    xray: XrayDaemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    xray.trace_invocations(monkeypatch)
    kms_key.public_key()
    kms_key.sign(b"a message")
    plan_faults(kind="error", count=2)
    assert refusal_of(lambda: kms_key.sign(b"a message")) == "kms_unavailable"
    assert outcomes(xray.subsegments()) == [("KMS", ""), ("KMS", ""), ("KMS", "fault")]
    assert kms_key.key_id.encode() not in b"".join(xray.datagrams)


def test_a_hanging_kms_is_given_up_within_three_seconds(
    kms_key: KmsSigningKey, plan_faults: Callable[..., None]
) -> None:
    kms_key.sign(b"m")
    plan_faults(kind="hang", count=2, seconds=4)
    started = time.monotonic()
    assert refusal_of(lambda: kms_key.sign(b"m")) == "kms_unavailable"
    assert time.monotonic() - started < 10


def test_a_stopped_kms_is_unavailable(signer_role: None) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    key = KmsSigningKey(key_id="any", endpoint_url=f"http://127.0.0.1:{port}")
    assert refusal_of(lambda: key.sign(b"m")) == "kms_unavailable"


def test_the_public_key_is_asked_for_once(kms_key: KmsSigningKey, administrator: Any) -> None:
    before = kms_key.public_key()
    administrator.disable_key(KeyId=kms_key.key_id)
    assert kms_key.public_key() == before


def test_a_request_that_cannot_be_right_is_our_mistake(kms: str, signer_role: None) -> None:
    with pytest.raises(InvariantBroken):
        KmsSigningKey(key_id="", endpoint_url=kms).sign(b"m")


def test_importing_the_adapters_loads_neither_boto3_nor_nacl() -> None:
    program = (
        "import sys, shared.adapters.kms_signing_key, shared.adapters.local_signing_key, shared.adapters.ed25519;"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'nacl')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
