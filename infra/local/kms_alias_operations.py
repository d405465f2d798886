"""The local KMS's operations on aliases: names that can be moved from key to key."""

from __future__ import annotations

import re

from infra.local.kms_call import Answer, KmsCall
from infra.local.kms_keys import Key
from infra.local.kms_refusal import KmsRefusal, invalid


def create_alias(call: KmsCall) -> Answer:
    """Name a key that has no such alias yet."""
    name, key = _alias_name(call), _target(call)
    if name in call.keyring.aliases:
        arn = call.keyring.account.kms_arn(name)
        raise KmsRefusal("AlreadyExistsException", f"An alias with the name {arn} already exists")
    call.keyring.put_alias(name, key.id)
    return {}


def update_alias(call: KmsCall) -> Answer:
    """Move an alias to another key; the policies of both must allow it."""
    name = _alias_name(call)
    call.authorize(call.keyring.alias_target(name))
    call.keyring.put_alias(name, _target(call).id)
    return {}


def delete_alias(call: KmsCall) -> Answer:
    """Forget a name; the key stays as it is."""
    name = _alias_name(call)
    call.authorize(call.keyring.alias_target(name))
    call.keyring.drop_alias(name)
    return {}


def list_aliases(call: KmsCall) -> Answer:
    """All aliases, or one key's. They come whole, whatever `Limit` asks."""
    call.require_root()
    wanted = call.keyring.find_by_id(call.key_id()).id if "KeyId" in call.body else None
    entries = [
        {"AliasName": name, "AliasArn": call.keyring.account.kms_arn(name), "TargetKeyId": key_id}
        for name, key_id in call.keyring.aliases.items()
        if wanted in (None, key_id)
    ]
    return {"Aliases": entries, "Truncated": False}


def _target(call: KmsCall) -> Key:
    key = call.keyring.find_by_id(call.key_id("TargetKeyId"))
    call.authorize(key)
    call.require_not_pending_deletion(key)
    return key


def _alias_name(call: KmsCall) -> str:
    name = str(call.body.get("AliasName", ""))
    if not name.startswith("alias/") or name == "alias/":
        raise invalid('Alias must start with the prefix "alias/".')
    if name.startswith("alias/aws/"):
        raise KmsRefusal("NotAuthorizedException", "alias/aws/ is reserved for AWS.")
    if not re.fullmatch(r"alias/[a-zA-Z0-9/_-]{1,250}", name):
        raise KmsRefusal("InvalidAliasNameException", name)
    return name
