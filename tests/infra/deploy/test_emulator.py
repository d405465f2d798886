"""The emulator of AWS finds a port, and says what is wrong when it finds none or ends by itself."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from infra.ops.deploy.emulator import running_emulator
from infra.ops.package.wheels import PackagingFailed
from infra.ops.stack_state import StackState, read_stack

IS_FULL = os.environ.get("ARENA_TEST_FULL") == "1"  # noqa: TID251 - the test run's own switch
PROJECT = Path(__file__).parents[3]

# Says of a taken port what ministack 1.x says, and answers where it is asked whether it is ready.
PROGRAM = f"""#!{sys.executable}
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

port = int(os.environ["GATEWAY_PORT"])
if os.path.exists("broken"):
    sys.exit("the disk is on fire")
try:
    server = http.server.HTTPServer(("127.0.0.1", port), Handler)
except OSError:
    sys.exit(f"ERROR: 127.0.0.1:{{port}} is already in use. Is MiniStack already running?")
server.serve_forever()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    program = tmp_path / ".arena/emulator/bin/ministack"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / ".arena/emulator/installed").touch()
    return tmp_path


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_that_is_taken_meanwhile_is_exchanged_for_another(root: Path, taken: int) -> None:
    ports = iter([taken, free()])
    with running_emulator(root, folder=root / "run", free_port=lambda: next(ports)) as url:
        assert not url.endswith(str(taken))
        with urlopen(f"{url}/", timeout=5) as answer:
            assert answer.status == 200


def test_when_every_port_is_taken_it_is_said_what_to_do(root: Path, taken: int) -> None:
    with (
        pytest.raises(PackagingFailed, match="run the same command again"),
        running_emulator(root, folder=root / "run", free_port=lambda: taken),
    ):
        pass


def test_an_emulator_that_ends_by_itself_is_quoted(root: Path) -> None:
    (root / "run").mkdir()
    (root / "run/broken").touch()
    with (
        pytest.raises(PackagingFailed, match="the disk is on fire"),
        running_emulator(root, folder=root / "run"),
    ):
        pass


if IS_FULL:

    @pytest.fixture(scope="module")
    def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
        import boto3

        with running_emulator(PROJECT, folder=tmp_path_factory.mktemp("emulator")) as url:

            def client(service: str) -> object:
                keys = {"aws_access_key_id": "local-fake", "aws_secret_access_key": "local-fake"}
                return boto3.client(service, endpoint_url=url, region_name="eu-central-1", **keys)

            yield client

    def test_the_emulator_answers_like_the_fake_that_there_is_no_stack(emulator) -> None:
        assert read_stack(emulator, "arena-staging") == StackState("arena-staging")

    def test_the_emulator_answers_like_the_fake_what_there_is(emulator) -> None:
        template = '{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}'
        emulator("cloudformation").create_stack(StackName="arena-dev", TemplateBody=template)
        emulator("cloudformation").get_waiter("stack_create_complete").wait(StackName="arena-dev")
        found = read_stack(emulator, "arena-dev")
        assert (found.status, found.is_deployed, found.is_deployable) == ("CREATE_COMPLETE", False, True)
