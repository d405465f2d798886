"""What a deployment that failed halfway says of what it left and of what to do."""

from __future__ import annotations

import pytest

from tests.infra.deploy.deployed_site import FORMER, Site
from tests.infra.deploy.fake_cloudformation import FakeCloudFormation, FakeStack


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
