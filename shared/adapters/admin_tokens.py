"""Administrators' tokens: JWTs signed with HMAC-SHA256, and no other algorithm known at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from jwt.algorithms import HMACAlgorithm
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from shared.domain.admin_session import AdminToken, admin_claims, judge_admin_claims
from shared.domain.errors import Refused, ensure

ALGORITHM: Final = "HS256"
TOKEN_LENGTH_MAX: Final = 2048
SECRETS_MAX: Final = 2
SECRET_BYTES_MIN: Final = 32
"""RFC 7518, 3.2: a key at least as long as the hash."""


class HmacAdminTokens:
    """ports.admin.AdminTokens: tokens are made with the first secret, and believed when made with any of them.

    There are two during a rotation, so that instances which read their settings at different times believe
    each other. A new secret alone ends every session at once, which is what a leaked one asks for.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        ensure(1 <= len(secrets) <= SECRETS_MAX, "there are one or two secrets of administrators' tokens")
        self._keys = [each.encode() for each in secrets]
        ensure(
            all(len(key) >= SECRET_BYTES_MIN for key in self._keys),
            "the secret of administrators' tokens has 32 bytes or more",
        )
        self._jws = PyJWS(algorithms=[])
        self._jws.register_algorithm(ALGORITHM, HMACAlgorithm(HMACAlgorithm.SHA256))

    def issue(self, token: AdminToken) -> str:
        payload = json.dumps(admin_claims(token), separators=(",", ":")).encode()
        return str(self._jws.encode(payload, self._keys[0], ALGORITHM))

    def read(self, text: str, *, now_s: int) -> AdminToken:
        """The token; its times are judged by our own clock, not by PyJWT's."""
        if len(text) <= TOKEN_LENGTH_MAX and text.isascii():
            for key in self._keys:
                payload = self._payload(text, key)
                if payload is not None:
                    return judge_admin_claims(_claims(payload), now_s=now_s)
        raise _invalid()

    def _payload(self, text: str, key: bytes) -> Any:
        try:
            return self._jws.decode_complete(text, key, algorithms=[ALGORITHM])["payload"]
        except PyJWTError:
            return None


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _invalid() from error
    return claims if isinstance(claims, dict) else {}


def _invalid() -> Refused:
    return Refused("This token is not valid here", code="token_invalid")
