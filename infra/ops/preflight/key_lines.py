"""The claim key: its kind, and a policy under which the signer alone can sign, in one way only."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any, Final

from infra.ops.preflight.lines import CannotTell, Line, must
from infra.ops.preflight.stage import StageUnderCheck
from shared.config.claim_parts import KmsOracleKey

_PUBLIC_KEY_BYTES: Final = 32
_SPEC: Final = "ECC_NIST_EDWARDS25519"
_ONLY_WAY: Final = {"kms:SigningAlgorithm": ["ED25519_SHA_512"], "kms:MessageType": ["RAW"]}
# Whoever may do one of these may give the right to sign to anybody, or to themselves.
_WAYS_AROUND: Final = ("kms:CreateGrant", "kms:ReplicateKey")


def key_in_use(stage: StageUnderCheck) -> str:
    """What the signer's setting calls its key. Raises CannotTell where it is no key of KMS."""
    key = stage.signer().oracle_key
    if not isinstance(key, KmsOracleKey):
        raise CannotTell("the key is a setting, not in KMS: whoever reads the setting can sign")
    return key.key_id


def key_is_of_the_right_kind(stage: StageUnderCheck) -> str:
    """An enabled Ed25519 key that only signs; its public half is what the vault has to be told."""
    kms, key_id = stage.aws("kms"), key_in_use(stage)
    metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    must(metadata["KeySpec"] == _SPEC, f"its spec is {metadata['KeySpec']}, not {_SPEC}")
    must(metadata["KeyUsage"] == "SIGN_VERIFY", f"its usage is {metadata['KeyUsage']}")
    must(metadata["KeyState"] == "Enabled", f"it is {metadata['KeyState']}")
    return f"{_SPEC}, enabled, public key {public_key(kms, key_id)}"


def public_key(kms: Any, key_id: str) -> str:
    """64 hex digits: KMS answers DER, which ends in the key's 32 bytes."""
    return bytes(kms.get_public_key(KeyId=key_id)["PublicKey"][-_PUBLIC_KEY_BYTES:]).hex()


def only_the_signer_signs(stage: StageUnderCheck) -> str:
    """The key policy, statement by statement, and the grants, which no policy shows."""
    kms, key_id = stage.aws("kms"), key_in_use(stage)
    text = kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    allowed = [each for each in json.loads(text)["Statement"] if each["Effect"] == "Allow"]
    role = stage.signer_role()
    signing = [each for each in allowed if _covers(each, "kms:Sign")]
    must(signing, "no statement lets the signer sign")
    for statement in signing:
        must(_principals(statement) == [role], "somebody beside the signer's role may sign")
        must(_is_narrow(statement), "the signer may sign in another way than ED25519_SHA_512 over RAW")
    around = sorted({action for each in allowed for action in _WAYS_AROUND if _covers(each, action)})
    must(not around, f"a statement allows {', '.join(around)}, a way around the policy")
    must(not kms.list_grants(KeyId=key_id)["Grants"], "there are grants on it: ./arena oracle restore-policy")
    return "the signer's role alone, ED25519_SHA_512 over RAW alone"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _covers(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(
            fnmatch.fnmatch(action.lower(), one.lower()) for one in _listed(statement["NotAction"])
        )
    return any(fnmatch.fnmatch(action.lower(), one.lower()) for one in _listed(statement.get("Action", [])))


def _principals(statement: Mapping[str, Any]) -> list[Any]:
    named = statement.get("Principal", "*")
    return ["*"] if not isinstance(named, dict) or set(named) != {"AWS"} else _listed(named["AWS"])


def _is_narrow(statement: Mapping[str, Any]) -> bool:
    asked = statement.get("Condition", {}).get("StringEquals", {})
    return all(_listed(asked.get(name)) == only for name, only in _ONLY_WAY.items())


LINES: Final = (
    Line("key_kind", "claim key is Ed25519, enabled", key_is_of_the_right_kind, is_of_stack=True),
    Line("key_policy", "only the signer can sign", only_the_signer_signs, is_of_stack=True),
)
