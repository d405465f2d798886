"""The go-live checklist: green on the local stack, and every line red when its subject turns bad."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import Stack, running_stack
from infra.ops.operation_records import BACKUP, RESTORE_DRILL, ROTATION_REHEARSAL, SECRETS_READABLE
from infra.ops.preflight import account_lines
from infra.ops.preflight.checklist import LINES
from infra.ops.preflight.command import PreflightOptions, note_that_secrets_are_readable, run_preflight
from infra.ops.preflight.document_lines import commands_named
from infra.ops.preflight.lines import Answer, Line, answer_of, as_json, as_table, has_failed
from infra.ops.preflight.local_stage import running_local_stage
from infra.ops.preflight.stage import StageUnderCheck
from infra.ops.preflight.store_lines import queries_use_indexes
from tests.docs.documents import arguments_of, command_and_rest
from tests.ops.breaking_stage import Breakage, copied_project, record
from tests.ops.preflight_breakages import BREAKAGES

LINE_BY_ID = {line.id: line for line in LINES}
CASES = [
    pytest.param(line, breakage, id=f"{line}-{number}")
    for line, breakages in BREAKAGES.items()
    for number, breakage in enumerate(breakages)
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("preflight"),
        functions=("health", "battle", "economy", "claim", "admin"),
        schedule_every_s=0,
        max_workers=1,
    )
    with running_stack(stack):
        yield stack


@pytest.fixture
def stage(stack: Stack, tmp_path: Path) -> StageUnderCheck:
    project = copied_project(tmp_path, runbook="Stop it: `./arena up`, then `./arena ledger verify`.\n")
    return replace(running_local_stage(stack.data_dir), project=project)


def test_the_local_stack_is_green(stage: StageUnderCheck, stack: Stack) -> None:
    answers = {line.id: answer_of(line, stage) for line in LINES}
    unsure = {name for name, answer in answers.items() if answer.state == "cannot tell"}
    assert not has_failed(list(answers.values())), as_table(list(answers.values()))
    accounts = {line.id for line in account_lines.LINES}
    assert unsure <= accounts | {"secrets_unread", "queries", BACKUP, RESTORE_DRILL, ROTATION_REHEARSAL}
    assert all(answer.detail for answer in answers.values())


def test_every_line_has_a_way_to_turn_it_bad() -> None:
    assert set(BREAKAGES) | {"queries", "parameter_reads"} == set(LINE_BY_ID)


@pytest.mark.parametrize(("line", "breakage"), CASES)
def test_what_turned_bad_is_red(stage: StageUnderCheck, stack: Stack, line: str, breakage: Breakage) -> None:
    with breakage(stage, stack) as broken:
        answer = answer_of(LINE_BY_ID[line], broken)
    assert answer.state == "failed"
    assert answer.detail
    secret = [value for name, value in stack.secrets.items() if value in answer.detail]
    assert secret == []


@pytest.mark.parametrize("name", [BACKUP, RESTORE_DRILL, ROTATION_REHEARSAL])
def test_what_was_rehearsed_lately_is_green(stage: StageUnderCheck, stack: Stack, name: str) -> None:
    with record(name, age_ms=3_600_000)(stage, stack) as recorded:
        assert answer_of(LINE_BY_ID[name], recorded).state == "passed"


def test_secrets_made_after_the_last_person_could_read_them_are_green(
    stage: StageUnderCheck, stack: Stack
) -> None:
    with record(SECRETS_READABLE, age_ms=24 * 3_600_000)(stage, stack) as recorded:
        assert answer_of(LINE_BY_ID["secrets_unread"], recorded).state == "passed"


def test_a_secret_is_new_only_when_the_former_is_forgotten(stage: StageUnderCheck, stack: Stack) -> None:
    admin = dict(stage.environments["admin"])
    admin["ADMIN_JWT_SECRET"] += ",the-one-before-it-FAKE-0123456789"
    with record(SECRETS_READABLE, age_ms=24 * 3_600_000)(stage, stack) as recorded:
        rotating = replace(recorded, environments={**recorded.environments, "admin": admin})
        answer = answer_of(LINE_BY_ID["secrets_unread"], rotating)
    assert (answer.state, "finish the rotation of ADMIN_JWT_SECRET" in answer.detail) == ("failed", True)


@pytest.mark.parametrize("name", [BACKUP, RESTORE_DRILL, ROTATION_REHEARSAL])
def test_what_was_never_rehearsed_is_red_where_people_play(stage: StageUnderCheck, name: str) -> None:
    deployed = replace(stage, is_local=False, name="prod")
    assert answer_of(LINE_BY_ID[name], deployed).state == "failed"


@pytest.mark.parametrize("name", [BACKUP, RESTORE_DRILL, ROTATION_REHEARSAL])
def test_the_remedy_is_a_whole_command_that_records_where_the_line_looks(
    stage: StageUnderCheck, name: str
) -> None:
    detail = answer_of(LINE_BY_ID[name], replace(stage, is_local=False, name="prod")).detail
    told = detail.partition(": ")[2]
    for uri in ("OPERATOR", "SCRATCH"):  # as a shell would put in what they stand for
        told = told.replace(f"${uri}_URI", f"mongodb://{uri.lower()}.test/")
    command, rest = command_and_rest(arguments_of(told))
    given = command.make_context("arena", rest).params  # parses and converts; nothing is run
    assert given["mongodb_uri"] == "mongodb://operator.test/"
    is_rehearsal = name == ROTATION_REHEARSAL
    assert (given["stage"] == "prod") if is_rehearsal else (given["database"] == "arena_dev")
    assert name != RESTORE_DRILL or given["scratch_uri"] == "mongodb://scratch.test/"


def test_noting_that_a_person_can_read_the_secrets_makes_all_of_them_old(
    stage: StageUnderCheck, stack: Stack
) -> None:
    note_that_secrets_are_readable(stage)
    answer = answer_of(LINE_BY_ID["secrets_unread"], stage)
    with stage.database() as database:
        database["operations"].delete_one({"_id": SECRETS_READABLE})
    assert answer.state == "failed"
    assert "METRICS_TOKEN" in answer.detail


class ExplainingDatabase:
    """A server that explains every find with this plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan

    def command(self, name: str, value: dict[str, Any], **options: Any) -> dict[str, Any]:
        assert (name, set(value)) == ("explain", {"find", "filter"})
        return {"queryPlanner": {"winningPlan": self._plan}}


class ExplainedStage:
    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan

    @contextmanager
    def database(self) -> Iterator[ExplainingDatabase]:
        yield ExplainingDatabase(self._plan)


@pytest.mark.parametrize(
    ("plan", "state"),
    [
        ({"stage": "FETCH", "inputStage": {"stage": "IXSCAN"}}, "passed"),
        ({"stage": "IDHACK"}, "passed"),
        ({"stage": "COLLSCAN"}, "failed"),
        ({"stage": "SORT", "inputStage": {"stage": "COLLSCAN"}}, "failed"),
        ({"stage": "OR", "inputStages": [{"stage": "IXSCAN"}, {"stage": "COLLSCAN"}]}, "failed"),
        ({}, "cannot tell"),
    ],
)
def test_a_query_that_scans_its_collection_is_red(plan: dict[str, Any], state: str) -> None:
    line = Line("queries", "queries", queries_use_indexes)
    assert answer_of(line, ExplainedStage(plan)).state == state  # type: ignore[arg-type]


def test_a_line_that_breaks_is_an_answer_without_the_vendors_words() -> None:
    def judge(stage: object) -> str:
        raise ValueError("secret-FAKE-0123456789")

    answer = answer_of(Line("x", "x", judge), object())  # type: ignore[arg-type]
    assert (answer.state, answer.detail) == ("failed", "could not be asked: ValueError")


def test_a_pipeline_reads_the_answers_as_one_object() -> None:
    answers = [Answer("a", "is it?", "passed", "yes"), Answer("b", "is it?", "failed", "no")]
    document = json.loads(as_json("prod", answers))
    assert (document["stage"], document["ok"], [line["state"] for line in document["lines"]]) == (
        "prod",
        False,
        ["passed", "failed"],
    )


def test_an_answer_that_cannot_be_told_stops_no_pipeline() -> None:
    assert not has_failed([Answer("a", "is it?", "cannot tell", "why")])


def test_commands_are_read_up_to_their_first_argument() -> None:
    text = "`./arena ledger verify --json`, ./arena oracle rotate --rehearse; ./arena up."
    assert list(commands_named(text)) == ["ledger verify", "oracle rotate", "up"]


def test_the_command_attaches_to_a_running_stack(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    options = PreflightOptions("dev", True, True, False, stack.data_dir, "", "")
    code = run_preflight(options)
    document = json.loads(capsys.readouterr().out)
    failed = [line["id"] for line in document["lines"] if line["state"] == "failed"]
    assert (code, failed) == (0, [])
