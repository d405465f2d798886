"""Whether private and public keys belong together, without a signature being made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.config.declarations import VAULT_NAMES
from shared.config.forms import texts
from shared.readiness.conditions import is_key_hex, is_key_hex_list

if TYPE_CHECKING:
    from shared.config.claim_parts import KmsOracleKey
    from shared.config.parts import Values


def session_key_differs(values: Values) -> list[str]:
    """The public keys, if none of them is the private key's; keys of a wrong form are judged elsewhere."""
    seed = values.text("PLAYER_SESSION_PRIVATE_KEY_HEX")
    public_keys = values.text("PLAYER_SESSION_PUBLIC_KEYS").lower()
    if not is_key_hex(seed) or not is_key_hex_list(public_keys):
        return []
    is_there = public_key_of(bytes.fromhex(seed)).hex() in texts(public_keys)
    return [] if is_there else ["PLAYER_SESSION_PUBLIC_KEYS"]


def oracle_key_differs(
    values: Values, read_kms_public_key: Callable[[KmsOracleKey], bytes] | None
) -> list[str]:
    """ORACLE_PUBLIC_KEY_HEX, if it is not the configured key's.

    KMS is asked where `read_kms_public_key` is given and raises Unavailable when it does not answer.
    Without a vault there is nothing to compare the stack's own KMS key with; a private key somebody set
    by hand is meant for claims. A vault that lacks its public key is another rule.
    """
    name = "ORACLE_PUBLIC_KEY_HEX"
    expected, seed = values.text(name).lower(), values.text("ORACLE_PRIVATE_KEY_HEX")
    if not expected:
        is_vault_begun = any(values.is_set(other) for other in VAULT_NAMES)
        return [name] if seed and not is_vault_begun else []
    if not is_key_hex(expected):
        return []
    if values.is_set("ORACLE_KMS_KEY_ID"):
        from shared.config.claim_parts import KmsOracleKey, oracle_key  # the signer's alone

        key = oracle_key(values)
        if read_kms_public_key is None or not isinstance(key, KmsOracleKey):
            return []
        return [] if read_kms_public_key(key).hex() == expected else [name]
    is_same = not is_key_hex(seed) or public_key_of(bytes.fromhex(seed)).hex() == expected
    return [] if is_same else [name]


def public_key_of(seed: bytes) -> bytes:
    """The raw Ed25519 public key of a 32-byte seed."""
    from nacl.signing import SigningKey  # functions without a private key never load it

    return bytes(SigningKey(seed).verify_key)
