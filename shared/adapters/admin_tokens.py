"""Administrators' tokens: JWTs signed with HMAC-SHA256, and no other algorithm known at all."""

from __future__ import annotations

import json
from typing import Any, Final

from jwt.algorithms import HMACAlgorithm
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from shared.domain.admin_session import AdminToken, admin_claims, judge_admin_claims
from shared.domain.errors import Refused, ensure

ALGORITHM: Final = "HS256"
TOKEN_LENGTH_MAX: Final = 2048
SECRET_BYTES_MIN: Final = 32
"""RFC 7518, 3.2: a key at least as long as the hash."""


class HmacAdminTokens:
    """admin_ports.AdminTokens over one secret; another secret ends every session."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()
        ensure(
            len(self._key) >= SECRET_BYTES_MIN, "the secret of administrators' tokens has 32 bytes or more"
        )
        self._jws = PyJWS(algorithms=[])
        self._jws.register_algorithm(ALGORITHM, HMACAlgorithm(HMACAlgorithm.SHA256))

    def issue(self, token: AdminToken) -> str:
        payload = json.dumps(admin_claims(token), separators=(",", ":")).encode()
        return str(self._jws.encode(payload, self._key, ALGORITHM))

    def read(self, text: str, *, now_s: int) -> AdminToken:
        """The token; its times are judged by our own clock, not by PyJWT's."""
        if len(text) > TOKEN_LENGTH_MAX or not text.isascii():
            raise _invalid()
        try:
            decoded = self._jws.decode_complete(text, self._key, algorithms=[ALGORITHM])
        except PyJWTError as error:
            raise _invalid() from error
        return judge_admin_claims(_claims(decoded["payload"]), now_s=now_s)


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _invalid() from error
    return claims if isinstance(claims, dict) else {}


def _invalid() -> Refused:
    return Refused("This token is not valid here", code="token_invalid")
