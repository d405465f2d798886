"""The account before the first deployment and after it."""

from __future__ import annotations

import pytest

from tests.ops.deployed_stage.aws_account import VAULT, Account


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def new_account(account: Account) -> Account:
    """Everything set that can be set before there is a stack, and so a claim key and a vault."""
    account.has_stack = False
    account.forget(*VAULT, "signer/ORACLE_KMS_KEY_ID")
    return account
