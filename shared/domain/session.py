"""What a player's session token says, and when it is believed; signatures are an adapter's matter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import Refused, ensure

ISSUER: Final = "aiba-arena"
AUDIENCE: Final = "aiba-arena-player"
LIFETIME_S: Final = 3600
SKEW_S: Final = 30
"""How far the issuing machine's clock may be ahead of ours."""

_CLAIMS: Final = frozenset({"iss", "aud", "sub", "iat", "exp", "jti"})
_SUBJECT = re.compile(r"[A-Za-z0-9._-]{1,128}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """A believed token: who plays, until when (UTC seconds), and the token's own id."""

    player_id: str
    token_id: str
    issued_at_s: int
    expires_at_s: int


def new_session(player_id: str, *, token_id: str, now_s: int) -> Session:
    """A session of 60 minutes."""
    ensure(_SUBJECT.match(player_id), "a player id has 1-128 of A-Z a-z 0-9 . _ -")
    return Session(player_id, token_id, now_s, now_s + LIFETIME_S)


def claims_of(session: Session) -> dict[str, Any]:
    """The JWT claims (RFC 7519) of a session."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": session.player_id,
        "iat": session.issued_at_s,
        "exp": session.expires_at_s,
        "jti": session.token_id,
    }


def judge_claims(claims: Mapping[str, Any], *, now_s: int) -> Session:
    """The session that signed claims describe; all six claims are required, no other is read.

    Raises Refused `token_invalid` (a claim is missing, of the wrong type, for somebody else, or the
    token would live longer than 60 minutes) or `token_expired` (ask for a new one).
    """
    issued_at_s, expires_at_s = claims.get("iat"), claims.get("exp")
    subject, token_id = claims.get("sub"), claims.get("jti")
    if (
        not claims.keys() >= _CLAIMS
        or claims["iss"] != ISSUER
        or claims["aud"] != AUDIENCE
        or not isinstance(subject, str)
        or _SUBJECT.match(subject) is None
        or not isinstance(token_id, str)
        or type(issued_at_s) is not int
        or type(expires_at_s) is not int
        or not 0 < expires_at_s - issued_at_s <= LIFETIME_S
        or issued_at_s > now_s + SKEW_S
    ):
        raise Refused("The session token is not valid here", code="token_invalid")
    if now_s >= expires_at_s:
        raise Refused("The session has ended: ask for a new one", code="token_expired")
    return Session(subject, token_id, issued_at_s, expires_at_s)
