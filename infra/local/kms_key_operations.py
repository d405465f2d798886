"""The local KMS's operations on keys: making, describing, disabling and deleting them.

A pending deletion never comes due here.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from infra.local.kms_call import Answer, KmsCall
from infra.local.kms_keys import (
    DISABLED,
    ENABLED,
    KEY_SPEC,
    PENDING_DELETION,
    SIGNING_ALGORITHMS,
    Key,
    changed,
)
from infra.local.kms_policy import authorize, default_policy, parsed_policy
from infra.local.kms_refusal import KmsRefusal, invalid, not_here

DAY_S = 86_400


def create_key(call: KmsCall) -> Answer:
    """Make an enabled Ed25519 key; of all key specs this endpoint has only that one."""
    call.require_root()
    body = call.body
    spec, usage = body.get("KeySpec", "SYMMETRIC_DEFAULT"), body.get("KeyUsage")
    if spec != KEY_SPEC:
        raise not_here(f"a key of spec {spec}")
    if usage is None:
        raise invalid("You must specify a KeyUsage value for an asymmetric KMS key.")
    if usage != "SIGN_VERIFY":
        raise invalid(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    root_arn = call.keyring.account.root_arn
    policy = parsed_policy(body["Policy"]) if "Policy" in body else default_policy(root_arn)
    if not body.get("BypassPolicyLockoutSafetyCheck"):
        _require_no_lockout(call, policy)
    key = call.keyring.create(policy=policy, description=body.get("Description", ""))
    return {"KeyMetadata": _metadata(call, key)}


def describe_key(call: KmsCall) -> Answer:
    """Everything about a key but its public half; also of a disabled one."""
    key = call.keyring.find(call.key_id())
    call.authorize(key)
    return {"KeyMetadata": _metadata(call, key)}


def get_key_policy(call: KmsCall) -> Answer:
    """The policy as JSON text."""
    key = call.keyring.find_by_id(call.key_id())
    call.authorize(key)
    return {"Policy": json.dumps(key.policy), "PolicyName": "default"}


def put_key_policy(call: KmsCall) -> Answer:
    """Replace the policy; whoever would lock themselves out of doing it again is refused."""
    key = call.keyring.find_by_id(call.key_id())
    call.authorize(key)
    policy = parsed_policy(str(call.body.get("Policy", "")))
    if not call.body.get("BypassPolicyLockoutSafetyCheck"):
        _require_no_lockout(call, policy)
    call.keyring.put(replace(key, policy=policy))
    return {}


def list_keys(call: KmsCall) -> Answer:
    """All keys. They come whole, whatever `Limit` asks."""
    call.require_root()
    keys = [{"KeyId": key.id, "KeyArn": call.keyring.arn(key)} for key in call.keyring.keys.values()]
    return {"Keys": keys, "Truncated": False}


def enable_key(call: KmsCall) -> Answer:
    """Let a disabled key sign again."""
    call.keyring.put(changed(_key_that_stays(call), state=ENABLED))
    return {}


def disable_key(call: KmsCall) -> Answer:
    """Stop a key from signing, revocably."""
    call.keyring.put(changed(_key_that_stays(call), state=DISABLED))
    return {}


def schedule_key_deletion(call: KmsCall) -> Answer:
    """Put a key on its way out, 7 to 30 days ahead (30 when not said)."""
    days = call.body.get("PendingWindowInDays", 30)
    if not isinstance(days, int) or not 7 <= days <= 30:
        raise invalid("PendingWindowInDays must be between 7 and 30 days.")
    key = _key_that_stays(call)
    deletion_at_s = time.time() + days * DAY_S
    call.keyring.put(changed(key, state=PENDING_DELETION, deletion_at_s=deletion_at_s))
    return {
        "KeyId": call.keyring.arn(key),
        "DeletionDate": deletion_at_s,
        "KeyState": PENDING_DELETION,
        "PendingWindowInDays": days,
    }


def cancel_key_deletion(call: KmsCall) -> Answer:
    """Save a key. It stays disabled: whoever saves it must enable it on purpose."""
    key = call.keyring.find_by_id(call.key_id())
    call.authorize(key)
    if key.state != PENDING_DELETION:
        raise KmsRefusal("KMSInvalidStateException", f"{call.keyring.arn(key)} is not pending deletion.")
    call.keyring.put(changed(key, state=DISABLED))
    return {"KeyId": call.keyring.arn(key)}


def _key_that_stays(call: KmsCall) -> Key:
    key = call.keyring.find_by_id(call.key_id())
    call.authorize(key)
    call.require_not_pending_deletion(key)
    return key


def _require_no_lockout(call: KmsCall, policy: dict[str, Any]) -> None:
    arn = call.keyring.account.kms_arn("key/new")
    try:
        authorize(policy, principal=call.principal, action="kms:PutKeyPolicy", key_arn=arn, context={})
    except KmsRefusal as refusal:
        text = "The new key policy will not allow you to update the key policy in the future."
        raise KmsRefusal("MalformedPolicyDocumentException", text) from refusal


def _metadata(call: KmsCall, key: Key) -> Answer:
    metadata: Answer = {
        "AWSAccountId": call.keyring.account.number,
        "KeyId": key.id,
        "Arn": call.keyring.arn(key),
        "CreationDate": key.created_at_s,
        "Enabled": key.state == ENABLED,
        "Description": key.description,
        "KeyUsage": "SIGN_VERIFY",
        "KeyState": key.state,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": KEY_SPEC,
        "KeySpec": KEY_SPEC,
        "SigningAlgorithms": SIGNING_ALGORITHMS,
        "MultiRegion": False,
    }
    return metadata if key.deletion_at_s is None else {**metadata, "DeletionDate": key.deletion_at_s}
