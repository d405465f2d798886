"""What `./arena bench cold` measures is what it says: real starts, real waits, and budgets that can be missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from infra.bench.bundled import hide_unbundled
from infra.bench.cold import SIGNER_WITH_KEY, STOCK, ColdRun, ColdStart, cold_run, init_ms
from infra.bench.function_settings import TEMPLATE
from infra.bench.restored import PATHS, measure_restores
from infra.bench.warm import BARE, BUDGET_MS, ROUTES, WarmOverhead, measure_warm
from infra.local.serverless_file import load_yaml


@pytest.fixture(scope="module")
def run() -> Iterator[ColdRun]:
    with cold_run() as started:
        yield started


def test_a_measured_start_asks_for_each_of_its_references_once(run: ColdRun) -> None:
    start = run.starts["battle"]
    run.parameters.questions.clear()
    init_ms(start, parameters=run.parameters)
    referred = sorted(value.removeprefix("ssm:") for value in start.settings.values() if "ssm:" in value)
    assert sorted(run.parameters.questions) == referred
    assert 10 * (start.reference_rounds - 1) < len(referred) <= 10 * start.reference_rounds


def test_the_measured_signer_asks_the_key_service_whose_key_it_has(run: ColdRun) -> None:
    start = run.starts[SIGNER_WITH_KEY]
    assert start.key_questions == 1
    assert run.key_ms > 0
    init_ms(start, parameters=run.parameters)
    run.parameters.values["/signer-with-vault/ORACLE_PUBLIC_KEY_HEX"] = "ab" * 32
    with pytest.raises(RuntimeError, match="ORACLE_PUBLIC_KEY_HEX"):
        init_ms(start, parameters=run.parameters)


def test_waiting_for_others_is_reported_and_no_part_of_a_ratio() -> None:
    start = ColdStart(SIGNER_WITH_KEY, 135.0, references_ms=8.0, key_ms=2.0, stock_ms=100.0)
    assert (start.ratio, start.is_within_budget) == (1.25, True)
    assert "references  8.0 ms, key 2.0 ms" in start.describe()
    slower = ColdStart(SIGNER_WITH_KEY, 136.0, references_ms=8.0, key_ms=2.0, stock_ms=100.0)
    assert slower.describe().endswith("OVER BUDGET")
    assert ColdStart(STOCK, 100.0, references_ms=0, key_ms=0, stock_ms=100.0).is_within_budget


def test_every_function_with_a_snapshot_is_started_without_one_and_restored_from_one(run: ColdRun) -> None:
    functions = load_yaml(TEMPLATE)["functions"]
    assert set(PATHS) == {name for name, given in functions.items() if given.get("snapStart")}
    asked = len(run.parameters.questions)
    for found in measure_restores(run, runs=1):
        assert min(astuple(found)[1:]) > 0
    per_start = sum(
        value.startswith("ssm:") for name in PATHS for value in run.starts[name].settings.values()
    )
    # One start without, one before the snapshot, and the restored copy, which asks again.
    assert len(run.parameters.questions) - asked == 3 * per_start


def test_a_start_that_answers_something_else_is_no_measurement(run: ColdRun) -> None:
    broken = replace(run, starts=dict.fromkeys(PATHS, run.starts["battle"]))
    with pytest.raises(RuntimeError, match="GET /api/economy/me answered"):
        measure_restores(broken, runs=1)


def test_warm_routes_take_turns_with_a_bare_handler_and_answer_what_was_meant() -> None:
    found = {overhead.name: overhead for overhead in measure_warm(events=3)}
    assert set(found) == set(ROUTES)
    assert found[BARE].over_bare_ms == 0
    assert all(overhead.took_ms > 0 for overhead in found.values())


def test_an_overhead_beyond_its_budget_says_so() -> None:
    assert WarmOverhead("a", 3.0, BUDGET_MS).is_within_budget
    assert WarmOverhead("a", 3.0, BUDGET_MS + 0.01).describe().endswith("OVER BUDGET")


def test_a_measured_function_finds_its_bundle_and_the_runtime_alone(tmp_path: Path) -> None:
    hidden = {module.stem for module in hide_unbundled("battle", tmp_path).iterdir()}
    assert {"cryptography", "requests", "bcrypt", "pytest"} <= hidden
    assert hidden.isdisjoint({"pymongo", "fastapi", "nacl", "boto3", "awslambdaric", "runtime_client"})
