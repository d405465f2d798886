"""Pure Ed25519 verification with libsodium, the curve of TON wallets and of the claim key."""

from __future__ import annotations


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` is right under `public_key` (32 bytes).

    Wrong lengths and keys of small order are simply not right.
    """
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True
