"""A running local stack whose claim key turns bad, and right again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.stack import Stack
from infra.ops.preflight.stage import StageUnderCheck
from tests.ops.breaking_stage import Breakage, setting


@contextmanager
def disabled_key(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    key_id = stack.settings["ORACLE_KMS_KEY_ID"]
    stage.aws("kms").disable_key(KeyId=key_id)
    yield stage
    stage.aws("kms").enable_key(KeyId=key_id)


def key_with_policy(change: Callable[[dict[str, Any]], Any]) -> Breakage:
    """Another key of the same kind, under a policy that is not ours."""

    @contextmanager
    def broken(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
        kms = stage.aws("kms")
        key_id = stack.settings["ORACLE_KMS_KEY_ID"]
        policy = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
        change(policy)
        key = kms.create_key(
            KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY", Policy=json.dumps(policy)
        )
        with setting("ORACLE_KMS_KEY_ID", key["KeyMetadata"]["KeyId"])(stage, stack) as changed:
            yield changed

    return broken


def statement(policy: dict[str, Any], action: str) -> dict[str, Any]:
    return next(each for each in policy["Statement"] if each["Action"] == action)


@contextmanager
def granted_key(stage: StageUnderCheck, stack: Stack) -> Iterator[StageUnderCheck]:
    """A key under our policy again, after somebody used the moment in which it was another."""
    kms = stage.aws("kms")
    ours = kms.get_key_policy(KeyId=stack.settings["ORACLE_KMS_KEY_ID"], PolicyName="default")["Policy"]
    key = kms.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")
    key_id = key["KeyMetadata"]["KeyId"]
    kms.create_grant(KeyId=key_id, GranteePrincipal="arn:aws:iam::000000000000:user/eve", Operations=["Sign"])
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=ours)
    with setting("ORACLE_KMS_KEY_ID", key_id)(stage, stack) as changed:
        yield changed
