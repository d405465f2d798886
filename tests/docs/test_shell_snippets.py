"""The handbook's shell snippets do what they say: run by bash as written, against the local stack's gateway."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.stack import Stack, running_stack
from tests.docs.aws_commands import operation_of
from tests.docs.documents import PROJECT, blocks_of, commands_of

pytestmark = pytest.mark.slow
RUNBOOK, DEPLOYMENT = PROJECT / "docs/runbook.md", PROJECT / "docs/deployment.md"
CURLS = [each for document in (RUNBOOK, DEPLOYMENT) for each in commands_of(document, "curl")]
ASKS = commands_of(RUNBOOK, "ask")
WRITES = [
    block
    for document in (RUNBOOK, DEPLOYMENT)
    for block in blocks_of(document)
    if "openssl" in block and "aws" in block
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("snippets")
    functions = ("health", "battle", "economy", "claim", "admin")
    with running_stack(Stack(folder, functions=functions, schedule_every_s=0, max_workers=1)) as running:
        yield running


def shell(script: str, *, folder: Path | None = None, path: str = "") -> str:
    """What bash prints for it; a command that fails, also within a pipe, fails the test."""
    environment = {"PATH": f"{path}{os.environ['PATH']}", "HOME": str(folder or "/")}  # noqa: TID251 - where bash finds its tools
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True, text=True, check=False, timeout=60, cwd=folder, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def filled(text: str, stack: Stack) -> str:
    for placeholder, value in {
        "https://<api>": stack.urls["gateway"],
        "<METRICS_TOKEN>": stack.settings["METRICS_TOKEN"],
        "<you>": stack.settings["ADMIN_EMAIL"],
        "<password>": stack.secrets["ADMIN_PASSWORD"],
    }.items():
        text = text.replace(placeholder, value)
    return text


def logged_in(stack: Stack) -> str:
    [block] = [block for block in blocks_of(RUNBOOK) if "TOKEN=" in block]
    return filled(block, stack)


def test_the_handbook_has_snippets_at_all() -> None:
    assert len(CURLS) >= 4
    assert len(ASKS) >= 1
    assert len(WRITES) == 2


@pytest.mark.parametrize("command", CURLS)
def test_a_curl_of_the_handbook_is_answered(stack: Stack, command: str) -> None:
    answer = shell(filled(command, stack))
    assert "arena_" in answer if command.endswith("/metrics") else json.loads(answer)["status"]


@pytest.mark.parametrize("command", ASKS)
def test_what_is_asked_of_the_administrators_api_happens(stack: Stack, command: str) -> None:
    answer = json.loads(shell(f"{logged_in(stack)}\n{command}"))
    assert answer.get("status") is None, answer  # no problem+json
    assert json.loads(shell(f'{logged_in(stack)}\nask "$API/api/admin/config"'))["paused"]["claims"] is True
    undone = command.replace("/api/admin/pause", "/api/admin/resume")
    shell(f"{logged_in(stack)}\n{undone}")
    assert json.loads(shell(f'{logged_in(stack)}\nask "$API/api/admin/config"'))["paused"]["claims"] is False


@pytest.mark.parametrize("block", WRITES)
def test_a_secret_reaches_parameter_store_by_a_file_that_nobody_else_can_read(
    block: str, tmp_path: Path
) -> None:
    """An `aws` that notes its words, and the file as it is at that moment, stands in the path."""
    tools = tmp_path / "tools"
    tools.mkdir()
    recorder = tools / "aws"
    recorder.write_text('#!/bin/bash\nprintf "%q " aws "$@" > said\ncp -p new-value sent\n')
    recorder.chmod(0o755)
    shell(block, folder=tmp_path, path=f"{tools}:")
    assert not (tmp_path / "new-value").exists()
    sent = tmp_path / "sent"
    assert stat.S_IMODE(sent.stat().st_mode) == 0o600
    assert len(bytes.fromhex(sent.read_text())) == 32
    assert sent.read_text() == sent.read_text().strip()
    assert operation_of((tmp_path / "said").read_text()).parameters["Value"] == "file://new-value"
