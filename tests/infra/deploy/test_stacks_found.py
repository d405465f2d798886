"""What a deployment says of every stack it may find before it begins."""

from __future__ import annotations

import pytest

from infra.ops.deploy import command
from infra.ops.stack_state import read_stack
from shared.domain.errors import Unavailable
from tests.infra.deploy.deployed_site import STACK, Site, deployed
from tests.infra.deploy.fake_cloudformation import FakeCloudFormation, FakeStack


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_of_nothing_but_its_bucket_awaits_its_first_deployment(
    account: FakeCloudFormation, status: str
) -> None:
    account.stacks = {STACK: FakeStack(status)}
    site = Site(account, becomes=deployed())
    assert site.run() == 0
    assert "holds no deployment yet: this is its first deployment" in site.said[0]


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
