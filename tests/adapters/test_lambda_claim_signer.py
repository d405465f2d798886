"""Asking the private signer: its answers, its errors, and everything that is neither."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shared.adapters.lambda_claim_signer import LambdaClaimSigner
from shared.domain.errors import Unavailable
from tests.xray_daemon import SAMPLED, XrayDaemon, outcomes

CLAIM = "c" + "1" * 24
SIGNED = {"state": "signed", "rule": "all", "code": None, "isFinal": False}


class FakeLambda:
    """Lambda's Invoke on loopback: answers the payload the test sets, and keeps what it was told."""

    def __init__(self) -> None:
        self.payload: bytes = json.dumps(SIGNED).encode()
        self.status, self.function_error = 200, ""
        self.told: list[tuple[str, Any]] = []
        self.traces: list[str | None] = []
        lambda_ = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                lambda_.told.append((self.path, json.loads(body)))
                lambda_.traces.append(self.headers["x-amzn-trace-id"])
                self.send_response(lambda_.status)
                if lambda_.function_error:
                    self.send_header("X-Amz-Function-Error", lambda_.function_error)
                self.send_header("content-length", str(len(lambda_.payload)))
                self.end_headers()
                self.wfile.write(lambda_.payload)

            def log_message(self, *given: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def fake_lambda(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLambda]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "AKIAFAKE"),
        ("AWS_SECRET_ACCESS_KEY", "fake"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(name, value)
    found = FakeLambda()
    yield found
    found.stop()


@pytest.fixture
def signer(fake_lambda: FakeLambda) -> LambdaClaimSigner:
    return LambdaClaimSigner(function_name="signer", endpoint_url=fake_lambda.url)


def test_the_signer_is_told_a_claims_id_and_nothing_else(fake_lambda, signer):
    answer = signer.request_signature(CLAIM)
    assert (answer.state, answer.rule, answer.code, answer.is_final) == ("signed", "all", None, False)
    [(path, told)] = fake_lambda.told
    assert path == "/2015-03-31/functions/signer/invocations"
    assert told == {"claimId": CLAIM}


@pytest.mark.parametrize(
    "payload",
    [
        b'{"error": {"code": "kms_unavailable", "isRetryable": true}}',
        b'{"error": "text"}',
        b'{"errorMessage": "boom", "errorType": "InvariantBroken"}',
        b"[]",
        b"null",
        b'"signed"',
        b"not json",
        b"",
        b"{}",
        b'{"state": "signed", "rule": "all", "code": null}',
        b'{"state": "signed", "rule": "all", "code": null, "isFinal": false, "signature": "x"}',
    ],
)
def test_an_answer_of_any_other_form_is_no_answer(fake_lambda, signer, payload):
    fake_lambda.payload = payload
    with pytest.raises(Unavailable):
        signer.request_signature(CLAIM)


def test_a_trace_shows_each_invocation_and_which_of_them_gave_no_answer(
    fake_lambda: FakeLambda, signer: LambdaClaimSigner, xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    xray.trace_invocations(monkeypatch)
    signer.request_signature(CLAIM)
    fake_lambda.function_error = "Unhandled"
    with pytest.raises(Unavailable):
        signer.request_signature(CLAIM)
    fake_lambda.status = 503
    with pytest.raises(Unavailable):
        signer.request_signature(CLAIM)
    assert outcomes(xray.subsegments()) == [("Signer", ""), ("Signer", "fault"), ("Signer", "fault")]
    assert CLAIM.encode() not in b"".join(xray.datagrams)


def test_a_signer_that_lambda_invokes_for_a_claim_is_in_the_claims_trace(
    fake_lambda: FakeLambda, signer: LambdaClaimSigner, xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "arena-test-claim")
    xray.trace_invocations(monkeypatch)
    signer.request_signature(CLAIM)
    assert fake_lambda.traces == [SAMPLED]


def test_a_function_that_failed_gave_no_answer(fake_lambda, signer):
    fake_lambda.function_error = "Unhandled"
    with pytest.raises(Unavailable):
        signer.request_signature(CLAIM)


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_lambda_that_refuses_or_is_busy_is_asked_once(fake_lambda, signer, status):
    fake_lambda.status, fake_lambda.payload = status, b'{"Message": "no"}'
    with pytest.raises(Unavailable) as away:
        signer.request_signature(CLAIM)
    assert away.value.code == "signer_unavailable"
    assert len(fake_lambda.told) == 1


def test_a_lambda_that_is_not_there_is_unavailable():
    signer = LambdaClaimSigner(function_name="signer", endpoint_url="http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        signer.request_signature(CLAIM)
