"""Session tokens: JWTs signed with EdDSA, through PyJWT with an algorithm backed by PyNaCl.

PyJWT's own EdDSA needs the cryptography package, 10 MB that no function ships otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from jwt.algorithms import Algorithm
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from typing_extensions import override

from shared.domain.errors import InvariantBroken, Refused, ensure
from shared.domain.session import Session, claims_of, judge_claims, new_session

ALGORITHM: Final = "EdDSA"
TOKEN_LENGTH_MAX: Final = 2048
PUBLIC_KEYS_MAX: Final = 2
"""Two during a rotation: tokens of the old key live on for at most 60 minutes."""


class _Ed25519(Algorithm):
    """PyJWT's idea of an algorithm; keys are PyNaCl's own objects."""

    @override
    def prepare_key(self, key: Any) -> SigningKey | VerifyKey:
        ensure(isinstance(key, (SigningKey, VerifyKey)), "tokens are signed with PyNaCl keys")
        return key  # type: ignore[no-any-return]

    @override
    def sign(self, msg: bytes, key: SigningKey) -> bytes:
        return key.sign(msg).signature

    @override
    def verify(self, msg: bytes, key: VerifyKey, sig: bytes) -> bool:
        try:
            key.verify(msg, sig)
        except (BadSignatureError, ValueError):
            return False
        return True

    @staticmethod
    @override
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        raise InvariantBroken("keys travel as hex settings, never as JWK")

    @staticmethod
    @override
    def from_jwk(jwk: Any) -> NoReturn:
        raise InvariantBroken("keys travel as hex settings, never as JWK")


def _jws() -> PyJWS:
    """A JWS that knows one algorithm and no other, whatever else is installed."""
    jws = PyJWS(algorithms=[])
    jws.register_algorithm(ALGORITHM, _Ed25519())
    return jws


class SessionIssuer:
    """Makes tokens from the 32-byte seed; built by the economy function alone, which holds it."""

    def __init__(self, private_key: bytes) -> None:
        self._key = SigningKey(private_key)
        self._jws = _jws()

    @property
    def public_key(self) -> bytes:
        """The 32 bytes whose hex belongs in PLAYER_SESSION_PUBLIC_KEYS."""
        return self._key.verify_key.encode()

    def issue(self, player_id: str, *, token_id: str, now_s: int) -> tuple[str, Session]:
        """A compact JWT and the session it stands for; `token_id` must be unguessable and new."""
        session = new_session(player_id, token_id=token_id, now_s=now_s)
        payload = json.dumps(claims_of(session), separators=(",", ":")).encode()
        return self._jws.encode(payload, self._key, ALGORITHM), session  # type: ignore[arg-type]  # our algorithm, our key


class SessionVerifier:
    """Believes tokens signed by one of one or two public keys (32 raw bytes each)."""

    def __init__(self, public_keys: Sequence[bytes]) -> None:
        ensure(1 <= len(public_keys) <= PUBLIC_KEYS_MAX, "there are one or two session keys")
        self._keys = [VerifyKey(key) for key in public_keys]
        self._jws = _jws()

    def verify(self, token: str, *, now_s: int) -> Session:
        """The session; raises Refused `token_invalid` or `token_expired`."""
        if len(token) <= TOKEN_LENGTH_MAX and token.isascii():
            for key in self._keys:
                payload = self._payload(token, key)
                if payload is not None:
                    return judge_claims(_claims(payload), now_s=now_s)
        raise Refused("The session token is not valid here", code="token_invalid")

    def _payload(self, token: str, key: VerifyKey) -> bytes | None:
        try:
            decoded = self._jws.decode_complete(token, key, algorithms=[ALGORITHM])  # type: ignore[arg-type]
        except PyJWTError:
            return None
        payload = decoded["payload"]
        return payload if isinstance(payload, bytes) else None


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Refused("The session token is not valid here", code="token_invalid") from error
    return claims if isinstance(claims, dict) else {}
