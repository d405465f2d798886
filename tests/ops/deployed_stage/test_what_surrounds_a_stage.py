"""The account around a deployed stage: its limits, its region, who reads its alarms, and what cannot be reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.ops.preflight.command import PreflightOptions, run_preflight
from infra.ops.preflight.deployed_stage import aws_client, deployed_stage
from infra.ops.preflight.lines import answer_of
from infra.ops.preflight.stage import PROJECT
from shared.domain.errors import Unavailable
from tests.ops.breaking_stage import TopicsWithReaders
from tests.ops.deployed_stage.aws_account import LINE_BY_ID, Account, asked


def test_an_account_that_refuses_is_said_so_and_the_exit_code_tells(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.is_denying = True
    with pytest.raises(Unavailable):
        deployed_stage("prod", aws=account)
    monkeypatch.setattr("infra.ops.preflight.deployed_stage.aws_client", account)
    code = run_preflight(PreflightOptions("prod", False, False, False, None, "", ""))
    assert code == 2
    assert "stage prod could not be looked at" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "unread", "state"),
    [("prod", "neither", "passed"), ("prod", "ticket", "failed"), ("dev", "page", "cannot tell")],
)
def test_alarms_that_nobody_confirmed_to_read_are_red_where_players_are(
    account: Account, name: str, unread: str, state: str
) -> None:
    stage = replace(deployed_stage("prod", aws=account), name=name)
    topics = TopicsWithReaders("arena-prod", unread)
    assert answer_of(LINE_BY_ID["readers"], replace(stage, aws=lambda _: topics)).state == state


def test_before_the_first_deployment_nobody_can_have_subscribed(account: Account) -> None:
    topics = TopicsWithReaders("another-prod", "neither")
    stage = replace(deployed_stage("prod", aws=account), aws=lambda _: topics)
    assert answer_of(LINE_BY_ID["readers"], stage).state == "cannot tell"


def test_a_database_that_cannot_be_reached_is_red(account: Account) -> None:
    assert asked(account, "database").state == "failed"


def test_an_unknown_stage_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_preflight(PreflightOptions("production", False, False, False, None, "", "")) == 2
    assert "dev, staging, prod" in capsys.readouterr().err


def test_the_accounts_limits_are_compared_with_what_the_template_reserves(account: Account) -> None:
    answer = asked(account, "concurrency")
    assert (answer.state, answer.detail) == ("passed", "434 reserved of 1000")


@pytest.mark.parametrize(("value", "said"), [("true", "is on"), ("false", "warning: 40 reads a second")])
def test_parameter_stores_throughput_is_told_and_stops_nothing(
    account: Account, value: str, said: str
) -> None:
    account.high_throughput = value
    answer = asked(account, "parameter_reads")
    assert answer.state == "passed"
    assert said in answer.detail


@pytest.mark.parametrize("line", ["concurrency", "parameter_reads"])
def test_without_the_right_to_ask_the_account_a_line_cannot_tell(account: Account, line: str) -> None:
    stage = deployed_stage("prod", aws=account)
    account.is_denying = True
    answer = answer_of(LINE_BY_ID[line], stage)
    assert answer.state == "cannot tell"
    assert "allow " in answer.detail


@pytest.mark.parametrize(("chosen", "region"), [("", "eu-central-1"), ("eu-west-1", "eu-west-1")])
def test_a_stage_is_looked_for_in_the_region_it_is_deployed_to(
    monkeypatch: pytest.MonkeyPatch, chosen: str, region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", chosen)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert aws_client("ssm").meta.region_name == region
    written = (PROJECT / "serverless.yml").read_text()
    assert "region: ${opt:region, env:AWS_REGION, 'eu-central-1'}" in written
