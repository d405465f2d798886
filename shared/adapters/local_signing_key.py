"""A claim key held in memory, for networks where no real value is at stake; production uses KMS."""

from __future__ import annotations

from typing import Final

from shared.domain.errors import ensure

MAX_MESSAGE_BYTES: Final = 4096


class LocalSigningKey:
    """Implements ports.signing.SigningKey. `seed` is the 32 bytes of ORACLE_PRIVATE_KEY_HEX; no repr shows it."""

    __slots__ = ("_seed",)

    def __init__(self, *, seed: bytes) -> None:
        ensure(type(seed) is bytes and len(seed) == 32, "an Ed25519 seed is 32 bytes")
        self._seed = seed

    @property
    def key_id(self) -> str:
        return "local"

    def public_key(self) -> bytes:
        """The 32 raw bytes."""
        from nacl.signing import SigningKey

        return bytes(SigningKey(self._seed).verify_key)

    def sign(self, message: bytes) -> bytes:
        """64 bytes, pure Ed25519; a message is 1 to 4,096 bytes, as with KMS."""
        ensure(1 <= len(message) <= MAX_MESSAGE_BYTES, "a message to sign is 1 to 4,096 bytes")
        from nacl.signing import SigningKey

        return bytes(SigningKey(self._seed).sign(message).signature)
