"""The local KMS's operations on grants: rights beside the key policy, which only whoever the policy lets may give.

Grants with constraints, grant tokens and retiring principals are not here.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Final

from infra.local.kms_call import Answer, KmsCall
from infra.local.kms_refusal import KmsRefusal, not_here

_KNOWN: Final = frozenset({"KeyId", "GranteePrincipal", "Operations"})


def create_grant(call: KmsCall) -> Answer:
    """Let a principal use a key in the named operations, whatever the key policy says of it."""
    if unknown := sorted(set(call.body) - _KNOWN):
        raise not_here(f"a grant with {', '.join(unknown)}")
    key = call.keyring.find_by_id(call.key_id())
    call.authorize(key)
    call.require_not_pending_deletion(key)
    grant_id = uuid.uuid4().hex * 2
    grant = {
        "GrantId": grant_id,
        "GranteePrincipal": call.body["GranteePrincipal"],
        "Operations": list(call.body["Operations"]),
    }
    call.keyring.put(replace(key, grants={**key.grants, grant_id: grant}))
    return {"GrantId": grant_id, "GrantToken": grant_id}


def list_grants(call: KmsCall) -> Answer:
    """A key's grants. They come whole, whatever `Limit` asks."""
    key = call.keyring.find_by_id(call.key_id())
    call.authorize(key)
    arn = call.keyring.arn(key)
    return {"Grants": [{"KeyId": arn, **grant} for grant in key.grants.values()], "Truncated": False}


def revoke_grant(call: KmsCall) -> Answer:
    """End a grant at once."""
    key = call.keyring.find_by_id(call.key_id())
    call.authorize(key)
    grant_id = call.key_id("GrantId")
    if grant_id not in key.grants:
        raise KmsRefusal("NotFoundException", f"Grant {grant_id} does not exist")
    call.keyring.put(replace(key, grants={each: key.grants[each] for each in key.grants if each != grant_id}))
    return {}
