"""Real runtimes under SnapStart's protocol: their snapshot, their restore, and what is seen from outside."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

from infra.bench.bundled import hide_unbundled
from infra.bench.function_settings import settings_of
from infra.bench.parameter_store_endpoint import ParameterStoreEndpoint
from infra.bench.runtime_endpoint import INIT_ERROR, NEXT, RESTORE_ERROR, RESTORE_NEXT, RuntimeEndpoint
from infra.bench.runtime_process import RUNTIME, lambda_environment, runtime_process

PROJECT = Path(__file__).resolve().parents[3]
COPIED = "tests.functions.snapshots.copied_runtime"
WITHIN_S = 30.0


@dataclass
class Environment:
    """One execution environment, from its start until the test's end."""

    runtime: RuntimeEndpoint
    parameters: ParameterStoreEndpoint
    process: Popen[bytes]
    log: Path

    def restore(self) -> None:
        """Let it be restored; it then waits for its first event. Fails when the restore does."""
        self.runtime.restored.set()
        assert self.runtime.wait_for(NEXT, RESTORE_ERROR, within_s=WITHIN_S) == NEXT, self.runtime.failure

    def failed_restore(self) -> str:
        """Let it be restored and fail: it ends and serves nothing. Answers what it told the platform."""
        self.runtime.restored.set()
        assert self.runtime.wait_for(NEXT, RESTORE_ERROR, within_s=WITHIN_S) == RESTORE_ERROR
        assert self.process.wait(WITHIN_S) != 0
        assert self.runtime.heard == [RESTORE_NEXT, RESTORE_ERROR]
        return self.runtime.failure

    def answer(self, event: Mapping[str, Any]) -> Any:
        outcome = self.runtime.send(event)
        assert not outcome.is_error, outcome.body
        return json.loads(outcome.body)

    def ask(self, question: str) -> Any:
        """A question of tests.functions.snapshots.restored_function."""
        return self.answer({"ask": question})

    def connected_ports(self) -> set[int]:
        """The far ends of the process's TCP connections, but for the Runtime API."""
        return tcp_peers(self.process.pid) - {self.runtime.port}

    def open_udp_sockets(self) -> set[str]:
        """The process's UDP sockets, each by a name that no other ever has."""
        rows = [row.split() for row in _table(self.process.pid, "udp")]
        return {row[9] for row in rows} & _socket_inodes(self.process.pid)

    def request_lines(self) -> list[dict[str, Any]]:
        """What the function logged about its requests."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("message") == "request"]


@contextmanager
def snapshot_of(
    function: str,
    folder: Path,
    known: Mapping[str, str],
    *,
    handler: str = "",
    more: Mapping[str, str] | None = None,
    runtime: str = RUNTIME,
) -> Iterator[Environment]:
    """A started environment that waits for its restore. `known` are the values of its settings, `more`
    what else its process is told.
    """
    settings, behind = settings_of(function, known)
    log = folder / f"{function}.log"
    with ParameterStoreEndpoint(behind).serving() as parameters, RuntimeEndpoint().serving() as endpoint:
        environment = lambda_environment(
            path=(hide_unbundled(function, folder), PROJECT),
            runtime_port=endpoint.port,
            parameter_store_port=parameters.port,
            settings=settings,
        )
        environment |= {
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
            "AWS_EC2_METADATA_DISABLED": "true",
            **(more or {}),
        }
        with (
            log.open("wb") as output,
            runtime_process(
                handler or f"tests.functions.snapshots.restored_function.{function}",
                path=PROJECT,
                environment=environment,
                log=output,
                runtime=("-m", runtime),
            ) as process,
        ):
            if runtime == RUNTIME:
                heard = endpoint.wait_for(RESTORE_NEXT, INIT_ERROR, within_s=WITHIN_S)
                assert heard == RESTORE_NEXT, endpoint.failure
            yield Environment(endpoint, parameters, process, log)


@contextmanager
def restored_twice(
    function: str, folder: Path, known: Mapping[str, str]
) -> Iterator[tuple[RuntimeEndpoint, RuntimeEndpoint]]:
    """Two environments of one snapshot, each waiting for its first event at a Runtime API of its own."""
    with RuntimeEndpoint().serving() as one, RuntimeEndpoint().serving() as other:
        more = {"RESTORED_APIS": f"127.0.0.1:{one.port},127.0.0.1:{other.port}"}
        with snapshot_of(function, folder, known, more=more, runtime=COPIED):
            for runtime in (one, other):
                runtime.restored.set()
                assert runtime.wait_for(NEXT, RESTORE_ERROR, within_s=WITHIN_S) == NEXT, runtime.failure
            yield one, other


def tcp_peers(process_id: int) -> set[int]:
    """The remote ports of a process's TCP connections, from Linux's own tables."""
    inodes = _socket_inodes(process_id)
    rows = [row.split() for table in ("tcp", "tcp6") for row in _table(process_id, table)]
    return {int(row[2].rsplit(":", 1)[1], 16) for row in rows if row[9] in inodes}


def _socket_inodes(process_id: int) -> set[str]:
    targets = [os.readlink(link) for link in Path(f"/proc/{process_id}/fd").iterdir()]
    return {target[8:-1] for target in targets if target.startswith("socket:[")}


def _table(process_id: int, name: str) -> list[str]:
    return Path(f"/proc/{process_id}/net/{name}").read_text().splitlines()[1:]
