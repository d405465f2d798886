"""What a deployment does in which order, and what it says when it stops before or after."""

from __future__ import annotations

import pytest

from infra.ops.deploy import command
from infra.ops.deploy.deployment import Tools
from infra.ops.preflight.checklist import AFTER_DEPLOYING, BEFORE_DEPLOYING, LINES
from tests.infra.deploy.deployed_site import ALL_STEPS, Site, deployed
from tests.infra.deploy.fake_cloudformation import URL, FakeCloudFormation


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
