"""The account that a deployment finds, and the functions that it leaves there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.infra.deploy.deployed_site import FORMER, STACK
from tests.infra.deploy.fake_cloudformation import FakeCloudFormation, FakeStack, running_cloudformation
from tests.infra.deploy.fake_functions import FakeFunctions, running_functions


@pytest.fixture(scope="module")
def endpoint() -> Iterator[FakeCloudFormation]:
    with running_cloudformation() as account:
        yield account


@pytest.fixture
def account(endpoint: FakeCloudFormation) -> FakeCloudFormation:
    endpoint.stacks, endpoint.refuses = {STACK: FakeStack("UPDATE_COMPLETE", FORMER)}, ""
    return endpoint


@pytest.fixture
def new_account(account: FakeCloudFormation) -> FakeCloudFormation:
    account.stacks = {}
    return account


@pytest.fixture
def functions() -> Iterator[FakeFunctions]:
    with running_functions() as functions:
        yield functions
