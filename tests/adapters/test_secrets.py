"""Secrets by signed calls of our own, through boto3, and through the fake: one contract, real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config

from shared.adapters.aws_secrets import AwsSecrets
from shared.domain.errors import InvariantBroken, Unavailable
from shared.ports.secrets import Secrets
from tests.fakes.secrets import FakeSecrets
from tests.xray_daemon import XrayDaemon, outcomes

PARAMETERS = {f"/arena/test/P{number}": f"parameter {number} äöü" for number in range(12)}
SECRETS = {"arena/test/db": json.dumps({"uri": "mongodb://db", "port": 27017}), "plain": "not JSON"}
VALUES = {f"ssm:{name}": value for name, value in PARAMETERS.items()} | {
    "secretsmanager:arena/test/db#uri": "mongodb://db"
}
ABSENT = ["ssm:/arena/test/none", "secretsmanager:none#uri", "secretsmanager:arena/test/db#none"]
UNREADABLE = ["secretsmanager:arena/test/db#port", "secretsmanager:plain#uri"]
CONTAINER_TOKEN = "fake-container-token"


class Aws:
    """What the loopback server holds, hears, and how it misbehaves."""

    def __init__(self) -> None:
        self.service_error: str | None = None
        self.direct_answer: tuple[int, bytes] | None = None
        self.service_hears: list[str] = []
        self.heard_by_boto3: list[str] = []
        self.signed_for: list[str] = []
        self.credentials: dict[str, str] = {}
        self.port = 0


def _service_answer(aws: Aws, target: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """AWS JSON 1.1: AmazonSSM.GetParameters and secretsmanager.GetSecretValue."""
    if aws.service_error:
        return 400, {"__type": aws.service_error, "message": "no"}
    if target == "AmazonSSM.GetParameters":
        assert len(body["Names"]) <= 10, "SSM takes ten names a call"
        assert body["WithDecryption"] is True
        found = [{"Name": name, "Value": PARAMETERS[name]} for name in body["Names"] if name in PARAMETERS]
        invalid = [name for name in body["Names"] if name not in PARAMETERS]
        return 200, {"Parameters": found, "InvalidParameters": invalid}
    content = SECRETS.get(body["SecretId"])
    if content is None:
        return 400, {"__type": "ResourceNotFoundException", "message": "no"}
    return 200, {"Name": body["SecretId"], "SecretString": content}


@pytest.fixture
def aws() -> Iterator[Aws]:
    state = Aws()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            """The endpoint that a function restored from a snapshot asks for its credentials."""
            is_allowed = (
                self.headers["Authorization"] == CONTAINER_TOKEN and self.path == "/v1/credentials?x=1"
            )
            self._answer(200 if is_allowed else 403, json.dumps(state.credentials).encode())

        def do_POST(self) -> None:
            target, content = (
                self.headers["X-Amz-Target"],
                self.rfile.read(int(self.headers["Content-Length"])),
            )
            state.signed_for.append(self.headers["Authorization"])
            is_boto3 = "Boto3" in self.headers.get("User-Agent", "")
            (state.heard_by_boto3 if is_boto3 else state.service_hears).append(target)
            if not is_boto3 and state.direct_answer is not None:
                self._answer(*state.direct_answer)
                return
            status, document = _service_answer(state, target, json.loads(content))
            self._answer(status, json.dumps(document).encode())

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    yield state
    server.shutdown()
    server.server_close()
    serving.join(5)


@pytest.fixture
def adapter(aws: Aws) -> Callable[[dict[str, str]], AwsSecrets]:
    def client_of(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{aws.port}",
            region_name="eu-central-1",
            aws_access_key_id="fake",
            aws_secret_access_key="fake",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=2),
        )

    def build(environment: dict[str, str]) -> AwsSecrets:
        return AwsSecrets(environment=environment, client_of=client_of)

    return build


def on_lambda(aws: Aws) -> dict[str, str]:
    return {
        "AWS_LAMBDA_FUNCTION_NAME": "arena-test-battle",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIAFAKE",
        "AWS_SECRET_ACCESS_KEY": "fake-secret",
        "AWS_SESSION_TOKEN": "fake-session-token",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}",
    }


def restored(aws: Aws) -> dict[str, str]:
    environment = {
        name: value for name, value in on_lambda(aws).items() if "KEY" not in name and "TOKEN" not in name
    }
    aws.credentials = {"AccessKeyId": "AKIAFAKE", "SecretAccessKey": "fake-secret", "Token": "fake-token"}
    return environment | {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{aws.port}/v1/credentials?x=1",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": CONTAINER_TOKEN,
    }


@pytest.fixture(params=["direct", "restored", "boto3", "fake"])
def secrets(
    request: pytest.FixtureRequest, aws: Aws, adapter: Callable[[dict[str, str]], AwsSecrets]
) -> Secrets:
    if request.param == "fake":
        return FakeSecrets(VALUES)
    environments = {"direct": on_lambda, "restored": restored}
    return adapter(environments[request.param](aws) if request.param in environments else {})


def test_every_reference_is_answered_with_its_value(secrets: Secrets) -> None:
    assert secrets.resolve(list(VALUES)) == VALUES


def test_a_reference_behind_which_there_is_nothing_is_left_out(secrets: Secrets) -> None:
    known = "ssm:/arena/test/P1"
    assert secrets.resolve([known, *ABSENT, *UNREADABLE]) == {known: PARAMETERS["/arena/test/P1"]}


def test_nothing_asked_is_nothing_answered(secrets: Secrets) -> None:
    assert secrets.resolve([]) == {}


@pytest.mark.parametrize("environment_of", [on_lambda, restored])
def test_on_lambda_ten_parameters_are_one_call_and_boto3_is_not_needed(
    environment_of: Callable[[Aws], dict[str, str]], aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    adapter(environment_of(aws)).resolve(list(VALUES))
    assert aws.service_hears == ["AmazonSSM.GetParameters"] * 2 + ["secretsmanager.GetSecretValue"]
    assert aws.heard_by_boto3 == []


def test_a_parameter_that_is_not_there_is_not_looked_for_twice(
    aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    found = adapter(on_lambda(aws)).resolve(["ssm:/arena/test/P1", "ssm:/arena/test/none"])
    assert list(found) == ["ssm:/arena/test/P1"]
    assert aws.heard_by_boto3 == []


def test_two_fields_of_one_secret_are_one_reading(aws: Aws, adapter: Callable[..., AwsSecrets]) -> None:
    adapter(on_lambda(aws)).resolve(["secretsmanager:arena/test/db#uri", "secretsmanager:arena/test/db#port"])
    assert aws.service_hears == ["secretsmanager.GetSecretValue"]


def test_elsewhere_boto3_reads_ten_parameters_at_a_time(aws: Aws, adapter: Callable[..., AwsSecrets]) -> None:
    adapter({}).resolve(list(VALUES))
    assert aws.heard_by_boto3 == ["AmazonSSM.GetParameters"] * 2 + ["secretsmanager.GetSecretValue"]
    assert aws.service_hears == []


def test_elsewhere_the_region_that_is_given_is_asked_whatever_the_shells_own_is(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{aws.port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    AwsSecrets(environment={"AWS_REGION": "eu-west-1"}).resolve(list(VALUES)[:1])
    assert ["/eu-west-1/" in header for header in aws.signed_for] == [True]


@pytest.mark.parametrize(
    "answer",
    [
        (400, b"{}"),
        (403, b"no"),
        (500, b""),
        (200, b"not JSON"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"Parameters": [{}]}'),
        (200, b'{"Parameters": 7}'),
    ],
)
def test_where_a_call_of_our_own_is_not_answered_boto3_asks(
    answer: tuple[int, bytes], aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    aws.direct_answer = answer
    assert adapter(on_lambda(aws)).resolve(list(VALUES)) == VALUES


@pytest.mark.parametrize(
    "change",
    [
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        {"AWS_REGION": "cn-north-1"},
        {"AWS_ACCESS_KEY_ID": ""},
        {"AWS_ACCESS_KEY_ID": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://198.51.100.7/v1/credentials"},
        {"AWS_ACCESS_KEY_ID": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/v1/credentials"},
    ],
)
def test_where_nothing_listens_or_nothing_can_be_signed_boto3_asks(
    change: dict[str, str], aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    assert adapter(on_lambda(aws) | change).resolve(list(VALUES)) == VALUES
    assert aws.service_hears == []


def test_incomplete_credentials_sign_nothing(aws: Aws, adapter: Callable[..., AwsSecrets]) -> None:
    environment = restored(aws)
    del aws.credentials["Token"]
    assert adapter(environment).resolve(["ssm:/arena/test/P1"])
    assert aws.service_hears == []


@pytest.mark.parametrize("error", ["AccessDeniedException", "ThrottlingException", "InternalServiceError"])
@pytest.mark.parametrize("reference", ["ssm:/arena/test/P1", "secretsmanager:arena/test/db#uri"])
@pytest.mark.parametrize("is_lambda", [True, False])
def test_a_service_that_refuses_is_unavailable_by_name(
    error: str, reference: str, is_lambda: bool, aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    aws.service_error = error
    with pytest.raises(Unavailable) as caught:
        adapter(on_lambda(aws) if is_lambda else {}).resolve([reference])
    assert caught.value.code == "secrets_unavailable"
    assert "arena/test" in caught.value.detail


def test_a_service_that_does_not_answer_is_unavailable(aws: Aws) -> None:
    def client_of(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url="http://127.0.0.1:1",
            region_name="eu-central-1",
            aws_access_key_id="fake",
            aws_secret_access_key="fake",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=1),
        )

    for reference in ("ssm:/arena/test/P1", "secretsmanager:arena/test/db#uri"):
        with pytest.raises(Unavailable):
            AwsSecrets(environment={}, client_of=client_of).resolve([reference])


def test_a_trace_shows_each_call_by_its_stores_name_and_not_what_was_read(
    aws: Aws, adapter: Callable[..., AwsSecrets], xray: XrayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    xray.trace_invocations(monkeypatch)
    calls = [("Parameter Store", ""), ("Parameter Store", ""), ("Secrets Manager", "")]
    for environment in (on_lambda(aws), {}):
        adapter(environment).resolve(list(VALUES))
        assert outcomes(xray.subsegments()) == calls
    aws.service_error = "ThrottlingException"
    with pytest.raises(Unavailable):
        adapter(on_lambda(aws)).resolve(["ssm:/arena/test/P1"])
    assert outcomes(xray.subsegments()) == [("Parameter Store", "fault")] * 2, "boto3 asked once more"
    assert not [word for word in (b"arena", b"mongodb", b"fake") if word in b"".join(xray.datagrams)]


def test_a_malformed_reference_is_our_own_mistake(adapter: Callable[..., AwsSecrets]) -> None:
    with pytest.raises(InvariantBroken):
        adapter({}).resolve(["ssm:no-slash"])
