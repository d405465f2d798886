"""A snapshot holds every module that a first request needs, and no connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.bench.runtime_endpoint import RESTORE_NEXT
from infra.local.serverless_file import load_yaml
from tests.functions.edge_app import gateway_event
from tests.functions.snapshots.environment import PROJECT, snapshot_of
from tests.functions.snapshots.first_requests import QUESTION, SNAPSHOTTED, bearer, session_seed


def test_the_functions_with_snapshots_are_those_tested_here() -> None:
    functions = load_yaml(PROJECT / "serverless.yml")["functions"]
    assert tuple(name for name, given in functions.items() if given.get("snapStart")) == SNAPSHOTTED


@pytest.mark.parametrize("function", SNAPSHOTTED)
def test_a_snapshot_holds_no_connection_and_its_first_request_is_answered_and_called_cold(
    function: str, tmp_path: Path, known: dict[str, str]
) -> None:
    path, status = QUESTION[function]
    with snapshot_of(function, tmp_path, known) as environment:
        assert environment.parameters.questions
        assert environment.connected_ports() == set()
        assert environment.runtime.heard == [RESTORE_NEXT]
        environment.restore()
        event = gateway_event("GET", path, headers=bearer(session_seed(known)))
        assert [environment.answer(event)["statusCode"] for _ in range(2)] == [status, status]
        lines = environment.request_lines()
        assert [(line["status"], line["cold_start"]) for line in lines] == [(status, True), (status, False)]


@pytest.mark.parametrize("function", SNAPSHOTTED)
def test_the_first_request_after_a_restore_loads_no_module(
    function: str, tmp_path: Path, known: dict[str, str]
) -> None:
    path, _ = QUESTION[function]
    with snapshot_of(function, tmp_path, known) as environment:
        environment.restore()
        before = set(environment.ask("modules"))
        environment.answer(gateway_event("GET", path, headers=bearer(session_seed(known))))
        assert set(environment.ask("modules")) - before == set()
        assert ("boto3.session" in before) == (function == "claim")
        assert "bcrypt" in before or function != "admin"
