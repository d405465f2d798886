"""A deployment that does not answer is put back only to another one that is known."""

from __future__ import annotations

from tests.infra.deploy.deployed_site import STACK, Site, deployed
from tests.infra.deploy.fake_cloudformation import FakeCloudFormation, FakeStack


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
