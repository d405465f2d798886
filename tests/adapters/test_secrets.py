"""Secrets through the Lambda extension, through boto3, and through the fake: one contract, real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

from shared.adapters.aws_secrets import AwsSecrets
from shared.domain.errors import InvariantBroken, Unavailable
from shared.ports.secrets import Secrets
from tests.fakes.secrets import FakeSecrets

PARAMETERS = {f"/arena/test/P{number}": f"parameter {number} äöü" for number in range(12)}
SECRETS = {"arena/test/db": json.dumps({"uri": "mongodb://db", "port": 27017}), "plain": "not JSON"}
VALUES = {f"ssm:{name}": value for name, value in PARAMETERS.items()} | {
    "secretsmanager:arena/test/db#uri": "mongodb://db"
}
ABSENT = ["ssm:/arena/test/none", "secretsmanager:none#uri", "secretsmanager:arena/test/db#none"]
UNREADABLE = ["secretsmanager:arena/test/db#port", "secretsmanager:plain#uri"]
TOKEN = "fake-session-token"


class Aws:
    """What the loopback server holds, hears, and how it misbehaves."""

    def __init__(self) -> None:
        self.extension_status = 200
        self.service_error: str | None = None
        self.extension_hears: list[str] = []
        self.service_hears: list[str] = []
        self.port = 0


def _extension_answer(aws: Aws, path: str, token: str | None) -> tuple[int, dict[str, Any]]:
    """GET /systemsmanager/parameters/get and /secretsmanager/get, as the extension's guide describes them."""
    parts = urlsplit(path)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if aws.extension_status != 200 or token != TOKEN:
        return aws.extension_status if token == TOKEN else 403, {"message": "not ready to serve traffic"}
    if parts.path == "/systemsmanager/parameters/get" and query["withDecryption"] == "true":
        value = PARAMETERS.get(query["name"])
        return (200, {"Parameter": {"Name": query["name"], "Value": value}}) if value else (400, {})
    content = SECRETS.get(query["secretId"])
    return (200, {"Name": query["secretId"], "SecretString": content}) if content else (400, {})


def _service_answer(aws: Aws, target: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """AWS JSON 1.1: AmazonSSM.GetParameters and secretsmanager.GetSecretValue."""
    if aws.service_error:
        return 400, {"__type": aws.service_error, "message": "no"}
    if target == "AmazonSSM.GetParameters":
        assert len(body["Names"]) <= 10, "SSM takes ten names a call"
        assert body["WithDecryption"] is True
        found = [{"Name": name, "Value": PARAMETERS[name]} for name in body["Names"] if name in PARAMETERS]
        return 200, {"Parameters": found, "InvalidParameters": []}
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
            state.extension_hears.append(self.path)
            self._answer(*_extension_answer(state, self.path, self.headers["X-Aws-Parameters-Secrets-Token"]))

        def do_POST(self) -> None:
            target = self.headers["X-Amz-Target"]
            state.service_hears.append(target)
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*_service_answer(state, target, body))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
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
        "AWS_SESSION_TOKEN": TOKEN,
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(aws.port),
    }


@pytest.fixture(params=["extension", "boto3", "fake"])
def secrets(
    request: pytest.FixtureRequest, aws: Aws, adapter: Callable[[dict[str, str]], AwsSecrets]
) -> Secrets:
    if request.param == "fake":
        return FakeSecrets(VALUES)
    return adapter(on_lambda(aws) if request.param == "extension" else {})


def test_every_reference_is_answered_with_its_value(secrets: Secrets) -> None:
    assert secrets.resolve(list(VALUES)) == VALUES


def test_a_reference_behind_which_there_is_nothing_is_left_out(secrets: Secrets) -> None:
    known = "ssm:/arena/test/P1"
    assert secrets.resolve([known, *ABSENT, *UNREADABLE]) == {known: PARAMETERS["/arena/test/P1"]}


def test_nothing_asked_is_nothing_answered(secrets: Secrets) -> None:
    assert secrets.resolve([]) == {}


def test_with_the_extension_the_services_are_never_asked(
    aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    adapter(on_lambda(aws)).resolve(list(VALUES))
    assert aws.service_hears == []
    assert len(aws.extension_hears) == len(VALUES)


def test_two_fields_of_one_secret_are_one_reading(aws: Aws, adapter: Callable[..., AwsSecrets]) -> None:
    adapter(on_lambda(aws)).resolve(["secretsmanager:arena/test/db#uri", "secretsmanager:arena/test/db#port"])
    assert len(aws.extension_hears) == 1


def test_without_the_extension_parameters_are_read_ten_at_a_time(
    aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    adapter({}).resolve(list(VALUES))
    assert aws.service_hears == ["AmazonSSM.GetParameters"] * 2 + ["secretsmanager.GetSecretValue"]


def test_a_restored_function_shows_its_container_token(aws: Aws, adapter: Callable[..., AwsSecrets]) -> None:
    environment = on_lambda(aws)
    environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = environment.pop("AWS_SESSION_TOKEN")
    adapter(environment).resolve(["ssm:/arena/test/P1"])
    assert aws.service_hears == []


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_where_the_extension_is_no_help_the_service_is_asked(
    status: int, aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    aws.extension_status = status
    assert adapter(on_lambda(aws)).resolve(list(VALUES)) == VALUES


def test_where_no_extension_listens_the_service_is_asked(
    aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    environment = on_lambda(aws) | {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "1"}
    assert adapter(environment).resolve(list(VALUES)) == VALUES


@pytest.mark.parametrize("error", ["AccessDeniedException", "ThrottlingException", "InternalServiceError"])
@pytest.mark.parametrize("reference", ["ssm:/arena/test/P1", "secretsmanager:arena/test/db#uri"])
def test_a_service_that_refuses_is_unavailable_by_name(
    error: str, reference: str, aws: Aws, adapter: Callable[..., AwsSecrets]
) -> None:
    aws.service_error = error
    with pytest.raises(Unavailable) as caught:
        adapter({}).resolve([reference])
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


def test_a_malformed_reference_is_our_own_mistake(adapter: Callable[..., AwsSecrets]) -> None:
    with pytest.raises(InvariantBroken):
        adapter({}).resolve(["ssm:no-slash"])
