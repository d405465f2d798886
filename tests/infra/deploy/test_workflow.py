"""The pipeline runs nobody's moved tag, and no job of it may do more than its work needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra.local.serverless_file import load_yaml
from infra.ops.package.target import LAMBDA_PYTHON

PROJECT = Path(__file__).parents[3]
PIPELINE = PROJECT / ".github/workflows/ci.yml"
WORKFLOWS = sorted(PIPELINE.parent.glob("*.y*ml"))
PINNED = re.compile(
    r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)"
)
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def uses(text: str) -> list[str]:
    """Every line that runs somebody else's code."""
    return [line.strip(" -") for line in text.splitlines() if re.search(r"\buses:", line)]


def excesses(document: dict[str, Any]) -> list[str]:
    """What a workflow lets itself or a job do beyond its work."""
    found = [] if document.get("permissions") == {} else ["the workflow gives every job some permission"]
    for name, job in document["jobs"].items():
        given = dict(job.get("permissions", {}))
        if name == "deploy":
            given.pop("id-token", None)
        if given != {"contents": "read"}:
            found.append(f"{name} may {given}")
    return found


def test_there_is_a_pipeline_and_it_uses_actions() -> None:
    assert WORKFLOWS
    assert all(uses(path.read_text()) for path in WORKFLOWS)


@each_workflow
def test_every_action_is_pinned_by_its_commit_with_the_version_beside_it(workflow: Path) -> None:
    assert [line for line in uses(workflow.read_text()) if not PINNED.fullmatch(line)] == []


def test_an_action_has_one_commit_and_one_version_everywhere() -> None:
    pins = {PINNED.fullmatch(line) for path in WORKFLOWS for line in uses(path.read_text())}
    versions = {pin.groups() for pin in pins if pin}
    assert len({action for action, _, _ in versions}) == len(versions)


@pytest.mark.parametrize(
    "line",
    [
        "uses: actions/checkout@v4",
        "uses: actions/checkout@main # v4.2.2",
        "uses: actions/checkout@11bd719 # v4.2.2",
        "uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
        "uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4",
        "uses: docker://alpine",
        "uses: ./.github/actions/own",
    ],
)
def test_anything_else_than_a_commit_with_a_version_is_noticed(line: str) -> None:
    assert uses(f"steps:\n  - {line}\n") == [line]
    assert PINNED.fullmatch(line) is None


@each_workflow
def test_nothing_is_permitted_by_default_and_only_the_deploying_job_may_ask_for_an_identity(
    workflow: Path,
) -> None:
    assert excesses(load_yaml(workflow)) == []


@pytest.mark.parametrize(
    "document",
    [
        {"jobs": {}},
        {"permissions": "read-all", "jobs": {}},
        {"permissions": {}, "jobs": {"test": {}}},
        {"permissions": {}, "jobs": {"test": {"permissions": {"contents": "read", "id-token": "write"}}}},
        {"permissions": {}, "jobs": {"deploy": {"permissions": {"contents": "write", "id-token": "write"}}}},
    ],
)
def test_a_permission_too_many_is_noticed(document: dict[str, Any]) -> None:
    assert excesses(document) != []


@each_workflow
def test_no_checkout_leaves_a_token_behind(workflow: Path) -> None:
    steps = [step for job in load_yaml(workflow)["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


JOBS: dict[str, Any] = load_yaml(PIPELINE)["jobs"]


def step_of(job: str, needle: str) -> tuple[int, dict[str, Any]]:
    """The one step of a job that uses or runs this, with its place."""
    [found] = [
        (place, step)
        for place, step in enumerate(JOBS[job]["steps"])
        if needle in f"{step.get('uses', '')} {step.get('run', '')}"
    ]
    return found


def test_what_is_deployed_is_what_was_packaged() -> None:
    packaged, _ = step_of("package", "./arena package")
    uploaded, upload = step_of("package", "actions/upload-artifact")
    downloaded, download = step_of("deploy", "actions/download-artifact")
    deployed, _ = step_of("deploy", "./arena deploy")
    assert packaged < uploaded
    assert downloaded < deployed
    assert JOBS["deploy"]["needs"] == "package"
    assert download["with"] == {"name": upload["with"]["name"], "path": "build"}
    assert upload["with"]["path"].split() == ["build/*.zip", "build/*.json"]
    assert upload["with"]["if-no-files-found"] == "error"


def test_the_zips_are_packaged_and_deployed_with_the_functions_own_python() -> None:
    for job in ("package", "deploy"):
        _, step = step_of(job, "actions/setup-python")
        assert step["with"]["python-version"] == LAMBDA_PYTHON


def test_the_tests_run_on_the_oldest_python_that_is_promised_and_on_the_functions_own() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert JOBS["test"]["strategy"]["matrix"]["python"] == [oldest, LAMBDA_PYTHON]
    _, step = step_of("test", "actions/setup-python")
    assert step["with"]["python-version"] == "${{ matrix.python }}"


def test_a_secret_is_shown_to_the_one_step_that_needs_it() -> None:
    _, step = step_of("deploy", "./arena deploy")
    assert step["env"] == {"ARENA_OPERATOR_MONGODB_URI": "${{ secrets.ARENA_OPERATOR_MONGODB_URI }}"}
    assert PIPELINE.read_text().count("secrets.") == 1


def test_the_handbook_names_every_secret_and_variable_of_an_environment() -> None:
    page = (PROJECT / "docs/deployment.md").read_text()
    pipeline = page[page.index("## 9. The pipeline") :]
    names = set(re.findall(r"(?:secrets|vars)\.(\w+)", PIPELINE.read_text()))
    assert names == {"DEPLOY_ROLE_ARN", "ARENA_OPERATOR_MONGODB_URI"}
    assert [name for name in names if f"| `{name}` |" not in pipeline] == []
