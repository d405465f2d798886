"""What a deployment does in which order, what it undoes, and what it says of every stack it may find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from functions.settle import TASKS_FAILED
from infra.ops.deploy import command
from infra.ops.deploy.deployment import Tools, deploy
from infra.ops.deploy.smoke_test import smoke_test
from infra.ops.preflight.checklist import AFTER_DEPLOYING, BEFORE_DEPLOYING, LINES
from infra.ops.stack_state import read_stack
from shared.config.declarations import FUNCTIONS
from shared.domain.errors import Unavailable
from tests.infra.deploy.fake_cloudformation import URL, FakeCloudFormation, FakeStack, running_cloudformation
from tests.infra.deploy.fake_functions import FakeFunctions, running_functions

STACK = "arena-staging"
FORMER, NEW = "1764000000111", "1764000000222"
ALL_STEPS = ["package", "indexes", "before", "deploy"]


@dataclass
class Site:
    """Answers for every tool, and what was asked of them; the stack is read from the fake CloudFormation.

    `becomes` is what the stack is when osls has ended; None leaves it as it was.
    """

    account: FakeCloudFormation
    package: int = 0
    indexes: int = 0
    before: int = 0
    after: int = 0
    deployment: int = 0
    rollback: int = 0
    becomes: FakeStack | None = None
    functions: FakeFunctions | None = None
    silent: str = ""
    done: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self, stage: str = "staging") -> int:
        return deploy(
            stage,
            Tools(
                stack=lambda name: read_stack(self.account.client, f"arena-{name}"),
                package=lambda _: self._note("package", self.package),
                indexes=lambda _: self._note("indexes", self.indexes),
                ask_before=lambda _: self._note("before", self.before),
                osls=self._osls,
                smoke_test=self._smoke_test,
                ask_after=lambda _: self._note("after", self.after),
                say=self.said.append,
            ),
        )

    def _note(self, name: str, code: int) -> int:
        self.done.append(name)
        return code

    def _smoke_test(self, stage: str, api_url: str) -> list[str]:
        assert (stage, api_url) == ("staging", URL)
        if self.functions is None:
            return [f"{self.silent}: is silent"] if self.silent else []
        lambda_client = self.functions.client()
        return smoke_test(
            stage,
            self.functions.url,
            functions=lambda_client,
            say=self.said.append,
            within_s=0.5,
            pause_s=0.1,
        )

    def _osls(self, arguments: Sequence[str]) -> tuple[int, str]:
        command = " ".join(word for word in arguments if word not in ("--stage", "staging"))
        self.done.append(command)
        if command != "deploy":
            return self.rollback, ""
        if self.becomes is not None:
            self.account.stacks[STACK] = self.becomes
        return self.deployment, "osls said this"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[FakeCloudFormation]:
    with running_cloudformation() as account:
        yield account


@pytest.fixture
def account(endpoint: FakeCloudFormation) -> FakeCloudFormation:
    endpoint.stacks, endpoint.refuses = {STACK: FakeStack("UPDATE_COMPLETE", FORMER)}, ""
    return endpoint


@pytest.fixture
def functions() -> Iterator[FakeFunctions]:
    with running_functions() as functions:
        yield functions


@pytest.fixture
def new_account(account: FakeCloudFormation) -> FakeCloudFormation:
    account.stacks = {}
    return account


def deployed(status: str = "UPDATE_COMPLETE") -> FakeStack:
    return FakeStack(status, NEW)


def test_a_good_deployment_is_packaged_asked_deployed_smoke_tested_and_asked_the_rest(
    account: FakeCloudFormation,
) -> None:
    site = Site(account, becomes=deployed())
    assert site.run() == 0
    assert site.done == [*ALL_STEPS, "after"]
    assert URL in site.said[-1]


def test_a_first_deployment_says_that_it_is_one_and_what_is_asked_after_it(
    new_account: FakeCloudFormation,
) -> None:
    site = Site(new_account, becomes=deployed())
    assert site.run() == 0
    assert site.done == [*ALL_STEPS, "after"]
    assert "there is no stack arena-staging yet: this is its first deployment" in site.said[0]
    assert all(line.question in site.said[0] for line in AFTER_DEPLOYING)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_of_nothing_but_its_bucket_awaits_its_first_deployment(
    account: FakeCloudFormation, status: str
) -> None:
    account.stacks = {STACK: FakeStack(status)}
    site = Site(account, becomes=deployed())
    assert site.run() == 0
    assert "holds no deployment yet: this is its first deployment" in site.said[0]


def test_every_line_is_asked_once_before_or_after_and_none_before_that_needs_the_stack() -> None:
    assert sorted(line.id for line in (*BEFORE_DEPLOYING, *AFTER_DEPLOYING)) == sorted(
        line.id for line in LINES
    )
    assert {line.id for line in AFTER_DEPLOYING} == {
        "key_kind", "key_policy", "key_pair", "key_watched", "api", "cors", "alarms", "readers",
    }  # fmt: skip


@pytest.mark.parametrize("broken", ["package", "indexes", "before"])
def test_a_no_before_the_deployment_changes_nothing(account: FakeCloudFormation, broken: str) -> None:
    site = Site(account, **{broken: 1})
    assert site.run() == 2
    assert site.done[-1] == broken
    assert "nothing was deployed. Correct it and run the same command again" in site.said[-1]


def test_a_no_after_the_deployment_leaves_it_in_place_and_is_told(account: FakeCloudFormation) -> None:
    site = Site(account, becomes=deployed(), after=1)
    assert site.run() == 3
    assert "the new deployment answers and stays" in site.said[-1]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("CREATE_IN_PROGRESS", "wait, and run the same command again"),
        ("UPDATE_IN_PROGRESS", "a deployment is at work, this one's or another's"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait, and run the same command again"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "wait, and run the same command again"),
        ("DELETE_IN_PROGRESS", "wait, and run the same command again"),
        ("REVIEW_IN_PROGRESS", "aws cloudformation delete-stack --stack-name arena-staging"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name arena-staging"),
        ("UPDATE_FAILED", "aws cloudformation rollback-stack --stack-name arena-staging"),
        ("ROLLBACK_COMPLETE", "such a stack can only be deleted"),
        ("ROLLBACK_FAILED", "/arena/staging/signer/ORACLE_KMS_KEY_ID"),
        ("CREATE_FAILED", "aws cloudformation delete-stack --stack-name arena-staging"),
        ("DELETE_FAILED", "Empty its bucket"),
        ("IMPORT_ROLLBACK_FAILED", "which this command does not know"),
    ],
)
def test_a_stack_that_takes_no_deployment_is_left_alone_and_the_way_out_is_told(
    account: FakeCloudFormation, status: str, advice: str
) -> None:
    account.stacks[STACK].status = status
    site = Site(account)
    assert site.run() == 2
    assert site.done == []
    assert f"arena-staging is {status}" in site.said[0]
    assert advice in site.said[0]
    assert "Nothing was deployed" in site.said[0]


def test_an_account_that_may_not_be_looked_at_is_not_taken_for_an_empty_one(
    account: FakeCloudFormation,
) -> None:
    account.refuses = "AccessDenied"
    site = Site(account)
    assert (site.run(), site.done) == (2, [])
    assert "allow cloudformation:DescribeStacks" in site.said[0]


def test_another_validation_error_is_not_taken_for_an_empty_account(account: FakeCloudFormation) -> None:
    account.refuses = "ValidationError"
    with pytest.raises(Unavailable):
        read_stack(account.client, STACK)


def test_a_shell_without_credentials_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable, match="give this shell AWS credentials"):
        read_stack(command.aws_client, STACK)


def test_a_failed_deployment_is_rolled_back_by_cloudformation(account: FakeCloudFormation) -> None:
    site = Site(account, deployment=1, becomes=FakeStack("UPDATE_ROLLBACK_COMPLETE", FORMER))
    assert site.run() == 1
    assert site.done[-1] == "deploy"
    assert "osls said this" in site.said[-1]
    assert "The former one is in place (UPDATE_ROLLBACK_COMPLETE)" in site.said[-1]


def test_a_failed_first_deployment_says_that_nothing_was_made(new_account: FakeCloudFormation) -> None:
    site = Site(new_account, deployment=1)
    assert site.run() == 1
    assert "Nothing was made" in site.said[-1]


@pytest.mark.parametrize(
    ("left", "advice"),
    [
        (FakeStack("CREATE_COMPLETE"), "holds osls's bucket and nothing else. Correct it and run the same"),
        (FakeStack("UPDATE_ROLLBACK_COMPLETE"), "There was nothing before it"),
        (FakeStack("ROLLBACK_COMPLETE"), "aws cloudformation delete-stack --stack-name arena-staging"),
        (FakeStack("UPDATE_ROLLBACK_FAILED"), "continue-update-rollback"),
        (FakeStack("UPDATE_IN_PROGRESS"), "wait, and run the same command again"),
    ],
)
def test_a_failed_first_deployment_says_what_is_left_and_what_to_do(
    new_account: FakeCloudFormation, left: FakeStack, advice: str
) -> None:
    site = Site(new_account, deployment=1, becomes=left)
    assert site.run() == 1
    assert advice in site.said[-1]
    assert not [step for step in site.done if step.startswith("rollback")]


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS"])
def test_a_deployment_that_ended_halfway_is_not_called_rolled_back(
    account: FakeCloudFormation, status: str
) -> None:
    site = Site(account, deployment=1, becomes=FakeStack(status, FORMER))
    assert site.run() == 1
    assert f"arena-staging is {status}" in site.said[-1]
    assert "in place" not in site.said[-1]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_does_not_start_takes_the_whole_deployment_back(
    account: FakeCloudFormation, functions: FakeFunctions, function: str
) -> None:
    functions.broken = {function}
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert site.done[-1] == f"rollback --timestamp {FORMER}"
    assert "in place again" in site.said[-1]
    told = {"signer": "signer: ended with Runtime.ImportModuleError", "settle": "settle: ended with Runtime."}
    assert told.get(function, "answered 500") in site.said[-1]


def test_a_deployment_whose_functions_all_answer_for_themselves_stays(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 0
    assert set(functions.asked) == set(FUNCTIONS)


def test_a_function_that_is_not_ready_at_first_is_asked_again(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.broken, functions.mends = {"claim", "signer"}, True
    assert Site(account, becomes=deployed(), functions=functions).run() == 0
    assert functions.asked.count("claim") == functions.asked.count("signer") == 2


def test_the_gateways_own_401_is_not_taken_for_the_functions(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.answers["/api/admin/me"] = (401, "application/json", {"message": "Unauthorized"})
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert "/api/admin/me: the gateway answered 401, not the function" in site.said[-1]


def test_a_signer_that_takes_an_empty_event_is_taken_back(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.answers["signer"] = (200, "", {"state": "signed"})
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert "signer: took an empty event for a claim" in site.said[-1]


def test_a_settle_whose_tasks_fail_is_told_and_stays(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    text = f"{TASKS_FAILED}: vault did not"
    functions.answers["settle"] = (
        200,
        "Unhandled",
        {"errorType": "InvariantBroken", "errorMessage": text},
    )
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 0
    assert f"settle starts and runs, but {text}: its alarms say more" in site.said


@pytest.mark.parametrize(
    ("kind", "told"),
    [("TypeError", "settle: ended with TypeError"), ("ProductionNotReady", "ended with ProductionNotReady")],
)
def test_a_settle_that_fails_in_another_way_is_taken_back_and_its_text_not_told(
    account: FakeCloudFormation, functions: FakeFunctions, kind: str, told: str
) -> None:
    error = {"errorType": kind, "errorMessage": "mongodb://fake:fake-password@there"}
    functions.answers["settle"] = (200, "Unhandled", error)
    site = Site(account, becomes=deployed(), functions=functions)
    assert site.run() == 1
    assert told in site.said[-1]
    assert "fake-password" not in "".join(site.said)


def test_a_settle_that_the_schedule_keeps_busy_is_asked_until_it_is_free(
    account: FakeCloudFormation, functions: FakeFunctions
) -> None:
    functions.broken, functions.mends = {"settle"}, True
    functions.throttles = True
    assert Site(account, becomes=deployed(), functions=functions).run() == 0
    assert functions.asked.count("settle") == 2


def test_a_rollback_that_fails_is_said_loudly(account: FakeCloudFormation) -> None:
    site = Site(account, becomes=deployed(), silent="/health", rollback=1)
    assert site.run() == 1
    assert "ROLLBACK FAILED" in site.said[-1]


def test_an_unchanged_deployment_that_does_not_answer_is_not_rolled_back_to_itself(
    account: FakeCloudFormation,
) -> None:
    site = Site(account, silent="/health")
    assert site.run() == 1
    assert site.done[-1] == "deploy"
    assert "what runs is what ran before" in site.said[-1]


def test_without_a_known_former_deployment_a_person_is_asked_to_roll_back(
    account: FakeCloudFormation,
) -> None:
    account.stacks[STACK] = FakeStack("UPDATE_COMPLETE", "elsewhere")
    site = Site(account, becomes=deployed(), silent="/health")
    assert site.run() == 1
    assert site.done[-1] == "deploy"
    assert "roll back by hand" in site.said[-1]


def test_a_first_deployment_that_does_not_answer_has_nothing_to_roll_back_to(
    new_account: FakeCloudFormation,
) -> None:
    site = Site(new_account, becomes=deployed(), silent="/health")
    assert site.run() == 1
    assert site.done[-1] == "deploy"
    assert "there is no former deployment to put back: the new one stays" in site.said[-1]


def test_an_unknown_stage_is_refused(account: FakeCloudFormation) -> None:
    site = Site(account)
    assert site.run("production") == 2
    assert site.done == []
    assert "dev, staging, prod" in site.said[0]


def test_an_interrupted_deployment_says_what_goes_on_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(stage: str, tools: Tools) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "deploy", interrupted)
    assert command.run_deploy("staging") == 130
    told = capsys.readouterr().err
    assert "CloudFormation finishes by itself" in told
    assert "run the same command again" in told
