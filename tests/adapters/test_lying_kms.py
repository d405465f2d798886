"""A KMS that answers nonsense: no signature and no key of another form ever leaves the adapter."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shared.adapters.kms_signing_key import KmsSigningKey
from shared.domain.errors import InvariantBroken, Unavailable
from tests.conftest import access_key_id


@pytest.fixture
def signer_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_id("signer"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")


class LyingKms(BaseHTTPRequestHandler):
    """Answers every operation with the server's `answer`, whatever it is."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, document = self.server.answer  # type: ignore[attr-defined]
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def lying_kms(signer_role: None) -> Iterator[Callable[..., KmsSigningKey]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), LyingKms)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def key(status: int, **document: Any) -> KmsSigningKey:
        server.answer = (status, document)  # type: ignore[attr-defined]
        return KmsSigningKey(key_id="k", endpoint_url=f"http://127.0.0.1:{server.server_port}")

    yield key
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("octets", [b"", bytes(63), bytes(65)])
def test_a_signature_of_another_length_never_leaves(
    lying_kms: Callable[..., KmsSigningKey], octets: bytes
) -> None:
    key = lying_kms(200, Signature=base64.b64encode(octets).decode())
    with pytest.raises(InvariantBroken):
        key.sign(b"m")


def test_an_answer_without_a_signature_never_leaves(lying_kms: Callable[..., KmsSigningKey]) -> None:
    with pytest.raises(InvariantBroken):
        lying_kms(200).sign(b"m")


@pytest.mark.parametrize(
    "der",
    [
        "302a300506032b656f032100" + "11" * 32,
        "302a300506032b6570032100" + "11" * 31,
        "302a300506032b6570032100" + "11" * 33,
    ],
    ids=["X448's number", "31 bytes", "33 bytes"],
)
def test_a_public_key_that_is_not_ed25519_is_not_taken(
    lying_kms: Callable[..., KmsSigningKey], der: str
) -> None:
    key = lying_kms(200, PublicKey=base64.b64encode(bytes.fromhex(der)).decode())
    with pytest.raises(InvariantBroken):
        key.public_key()


@pytest.mark.parametrize("name", ["ValidationException", "InvalidKeyUsageException", "SomethingNewException"])
def test_an_error_that_means_we_asked_wrongly_is_our_mistake(
    lying_kms: Callable[..., KmsSigningKey], name: str
) -> None:
    with pytest.raises(InvariantBroken):
        lying_kms(400, __type=name, message="").sign(b"m")


def test_an_unknown_error_of_the_service_is_unavailable(lying_kms: Callable[..., KmsSigningKey]) -> None:
    with pytest.raises(Unavailable) as refusal:
        lying_kms(503, __type="Odd", message="").sign(b"m")
    assert refusal.value.code == "kms_unavailable"
