"""The gateway with real awslambdaric workers and tiny handlers, over real sockets."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.infra.running_gateway import RunningGateway, is_alive, start_gateway, stop_gateway, until


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    running = start_gateway(tmp_path_factory.mktemp("gateway"))
    yield running
    stop_gateway(running)


def test_a_request_reaches_the_handler_as_payload_2_and_comes_back(gateway: RunningGateway) -> None:
    status, headers, body = gateway.call(
        "POST", "/things/a%20b?q=1", b'{"x":1}', {"content-type": "application/json"}
    )
    seen = json.loads(body)
    assert (status, headers["x-tiny"]) == (201, "1")
    assert seen["event"]["routeKey"] == "ANY /things/{proxy+}"
    assert seen["event"]["pathParameters"] == {"proxy": "a b"}
    assert seen["event"]["body"] == '{"x":1}'
    assert 0 < seen["left_ms"] <= 2000
    assert seen["event"]["requestContext"]["timeEpoch"] > time.time_ns() // 1_000_000 + 50_000


def test_an_unknown_path_reaches_the_default_route(gateway: RunningGateway) -> None:
    status, _, body = gateway.call("PATCH", "/no/such/thing")
    assert (status, json.loads(body)["event"]["routeKey"]) == (201, "$default")


def test_a_worker_sees_its_own_settings_and_nothing_of_ours(gateway: RunningGateway) -> None:
    seen = json.loads(gateway.call("GET", "/things")[2])["environment"]
    assert (seen["GREETING"], seen["AWS_LAMBDA_FUNCTION_NAME"]) == ("hello", "tiny-dev-echo")
    assert not {"HOME", "VIRTUAL_ENV", "NOTE_FILE", "LAMBDA_ENDPOINT_URL"} & set(seen)


def test_a_connection_serves_many_requests(gateway: RunningGateway) -> None:
    connection = http.client.HTTPConnection(gateway.public.removeprefix("http://"), timeout=5)
    connection.connect()
    first_socket = connection.sock
    for _ in range(20):
        connection.request("GET", "/things")
        assert connection.getresponse().read()
        assert connection.sock is first_socket
    connection.close()


def test_a_worker_takes_one_event_at_a_time_and_two_events_take_two_workers(gateway: RunningGateway) -> None:
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        began_s = time.monotonic()
        answers = list(threads.map(lambda _: gateway.call("GET", "/things/slow"), range(6)))
        took_s = time.monotonic() - began_s
    assert {status for status, _, _ in answers} == {201}
    assert len({json.loads(body)["pid"] for _, _, body in answers}) == 2  # reservedConcurrency: 2
    assert took_s >= 0.9  # six times 0.3 s on two workers


@pytest.mark.parametrize("kind", ["exit", "raise", "nonsense"])
def test_a_failing_handler_is_a_bare_500_and_the_next_request_works(
    gateway: RunningGateway, kind: str
) -> None:
    status, _, body = gateway.call("POST", f"/faults/{kind}")
    assert (status, body) == (500, b'{"message":"Internal Server Error"}')
    assert gateway.call("POST", "/faults/none")[0] == 200


def test_a_handler_over_its_time_is_killed_and_replaced(gateway: RunningGateway) -> None:
    victim = int(gateway.call("POST", "/faults/none")[2])
    began_s = time.monotonic()
    assert gateway.call("POST", "/faults/hang")[0] == 500
    assert 0.9 < time.monotonic() - began_s < 30
    assert until(lambda: not is_alive(victim), 2)
    assert int(gateway.call("POST", "/faults/none")[2]) != victim


def test_a_worker_killed_while_idle_is_replaced(gateway: RunningGateway) -> None:
    victim = int(gateway.call("POST", "/faults/none")[2])
    os.kill(victim, signal.SIGKILL)
    assert until(lambda: victim not in gateway.pids("faulty"), 2)
    assert int(gateway.call("POST", "/faults/none")[2]) != victim


def test_a_failed_init_is_one_clear_line_a_500_and_no_tight_loop(gateway: RunningGateway) -> None:
    for _ in range(50):
        assert gateway.call("GET", "/broken")[0] == 500
    assert len((gateway.data / "tries").read_text()) <= 5
    lines = [line for line in (gateway.data / "stderr").read_text().splitlines() if "init failed" in line]
    assert lines[0].endswith(
        "init failed: broken: RuntimeError: PROD_READINESS_FAILED: CORS_ORIGIN is missing"
    )


def test_a_body_over_ten_megabytes_is_413_before_any_function(gateway: RunningGateway) -> None:
    status, _, body = gateway.call("POST", "/things", b"x" * (10 * 1024 * 1024 + 1))
    assert (status, body) == (413, b'{"message":"Request Entity Too Large"}')


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /things\r\n\r\n", b"400"),
        (b"GET /things HTTP/1.1\r\nbad header\r\n\r\n", b"400"),
        (b"POST /things HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", b"400"),
        (b"POST /things HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"400"),
        (b"POST /things HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET /things HTTP/1.1\r\nx: " + b"y" * 11_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_what_is_not_a_request_is_refused(gateway: RunningGateway, raw: bytes, status: bytes) -> None:
    host, port = gateway.public.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(raw)
        assert connection.recv(65_536).split(b" ")[1] == status


def test_a_chunked_body_arrives_whole(gateway: RunningGateway) -> None:
    host, port = gateway.public.removeprefix("http://").split(":")
    head = b"POST /things HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: 1\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["event"]["body"] == "abcde"


def test_boto3_invokes_a_function_without_http(gateway: RunningGateway) -> None:
    answer = gateway.lambda_client().invoke(FunctionName="tiny-dev-private", Payload=b'{"n":1}')
    assert (answer["StatusCode"], "FunctionError" in answer) == (200, False)
    assert json.loads(answer["Payload"].read())["given"] == {"n": 1}


def test_boto3_sees_a_handlers_error_as_a_function_error(gateway: RunningGateway) -> None:
    arn = "arn:aws:lambda:eu-central-1:000000000000:function:tiny-dev-private"
    answer = gateway.lambda_client().invoke(FunctionName=arn, Payload=b'{"fail":1}')
    error = json.loads(answer["Payload"].read())
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "ValueError")


def test_boto3_sees_a_failed_init_as_a_function_error(gateway: RunningGateway) -> None:
    answer = gateway.lambda_client().invoke(FunctionName="broken")
    assert (answer["FunctionError"], "PROD_READINESS" in answer["Payload"].read().decode()) == (
        "Unhandled",
        True,
    )


def test_an_event_invocation_is_accepted_at_once(gateway: RunningGateway) -> None:
    answer = gateway.lambda_client().invoke(FunctionName="private", InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")


def test_boto3_is_told_which_function_does_not_exist(gateway: RunningGateway) -> None:
    with pytest.raises(ClientError) as caught:
        gateway.lambda_client().invoke(FunctionName="nobody")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_boto3_is_told_of_a_throttled_call_and_the_function_never_saw_it(tmp_path: Path) -> None:
    gateway = start_gateway(tmp_path / "gateway", "--max-queued", "0")
    try:
        with pytest.raises(ClientError) as caught:
            gateway.lambda_client().invoke(FunctionName="private", Payload=b'{"n":1}')
    finally:
        stop_gateway(gateway)
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert not (tmp_path / "gateway" / "note").exists()


def test_functions_without_http_are_not_reachable_in_public(gateway: RunningGateway) -> None:
    status, _, body = gateway.call("POST", "/2015-03-31/functions/private/invocations", b"{}")
    assert (status, json.loads(body)["event"]["routeKey"]) == (201, "$default")
