"""What an administrator's token says, and when it is believed; signatures are an adapter's matter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.errors import Refused, ensure

if TYPE_CHECKING:
    from shared.domain.admins import Admin

ISSUER: Final = "aiba-arena-admin"
AUDIENCE: Final = "aiba-arena-operators"
LIFETIME_S: Final = 3600
LIFETIME_MAX_S: Final = 12 * 3600
SKEW_S: Final = 30
"""How far the issuing machine's clock may be ahead of ours."""

_CLAIMS: Final = frozenset({"iss", "aud", "sub", "iat", "exp", "jti", "epoch"})
_TEXT = re.compile(r"[A-Za-z0-9._-]{1,128}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class AdminToken:
    """A believed token: which administrator, of which epoch, until when (UTC seconds), and its own id."""

    admin_id: str
    epoch: str
    token_id: str
    issued_at_s: int
    expires_at_s: int


def new_admin_token(admin: Admin, *, token_id: str, now_s: int, lifetime_s: int = LIFETIME_S) -> AdminToken:
    """A token for this administrator as they are now; an hour unless told, never above twelve."""
    ensure(0 < lifetime_s <= LIFETIME_MAX_S, "an operator's token lives at most twelve hours")
    return AdminToken(admin.id, admin.epoch(), token_id, now_s, now_s + lifetime_s)


def admin_claims(token: AdminToken) -> dict[str, Any]:
    """The JWT claims (RFC 7519) of a token."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": token.admin_id,
        "iat": token.issued_at_s,
        "exp": token.expires_at_s,
        "jti": token.token_id,
        "epoch": token.epoch,
    }


def judge_admin_claims(claims: Mapping[str, Any], *, now_s: int) -> AdminToken:
    """The token that signed claims describe; all seven claims are required, no other is read.

    Raises Refused `token_invalid` (a claim is missing, of the wrong type or for somebody else, or it
    would live longer than twelve hours) or `token_expired`.
    """
    issued_at_s, expires_at_s = claims.get("iat"), claims.get("exp")
    if (
        not claims.keys() >= _CLAIMS
        or claims["iss"] != ISSUER
        or claims["aud"] != AUDIENCE
        or not all(_is_text(claims[name]) for name in ("sub", "jti", "epoch"))
        or type(issued_at_s) is not int
        or type(expires_at_s) is not int
        or not 0 < expires_at_s - issued_at_s <= LIFETIME_MAX_S
        or issued_at_s > now_s + SKEW_S
    ):
        raise Refused("This token is not valid here", code="token_invalid")
    if now_s >= expires_at_s:
        raise Refused("The session has ended: log in again", code="token_expired")
    return AdminToken(claims["sub"], claims["epoch"], claims["jti"], issued_at_s, expires_at_s)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and _TEXT.match(value) is not None
