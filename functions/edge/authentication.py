"""Who asks: a player by session token; `CurrentPlayer` is what a route asks for.

Where a session begins it is a Telegram user (telegram_login), at operators' routes an administrator. The route class authenticates before it
looks at anything else; the dependency then only hands over what was established.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Request, Security
from fastapi.openapi.models import HTTPBearer as HttpBearerScheme
from fastapi.security.base import SecurityBase
from typing_extensions import override

from functions.edge.exchange import Exchange, exchange_of, header
from shared.domain.errors import Refused, ensure

if TYPE_CHECKING:
    from shared.domain.session import Session


@dataclass(frozen=True, slots=True)
class PlayerIdentity:
    """The player a verified session token speaks for."""

    id: str
    session: Session


class Authentication(SecurityBase):
    """A way to establish who asks; an OpenAPI security scheme and a dependency at once."""

    @abstractmethod
    def authenticate(self, request: Request, exchange: Exchange) -> None:
        """Set `exchange.identity` and `exchange.subject`, or raise Refused (401). Never blocks."""

    async def __call__(self, request: Request) -> Any:
        """The established identity; a coroutine, because FastAPI sends plain functions to a thread."""
        identity = exchange_of(request.scope).identity
        ensure(identity is not None, "a route that asks who it serves is authenticated first")
        return identity


class PlayerSession(Authentication):
    """`Authorization: Bearer <session token>` (RFC 6750)."""

    def __init__(self) -> None:
        self.scheme_name = "playerSession"
        self.model = HttpBearerScheme(
            bearerFormat="JWT", description="The session token that POST /api/session answers"
        )

    @override
    def authenticate(self, request: Request, exchange: Exchange) -> None:
        verify, clock = exchange.wiring.verify_session, exchange.wiring.clock
        ensure(verify is not None, "a function with player routes holds the session public keys")
        assert verify is not None  # noqa: S101 - said again for the type checker
        token = credentials(header(request.scope, "authorization"), scheme="bearer")
        if not token:
            raise Refused("Send Authorization: Bearer <session token>", code="token_missing")
        session = verify(token, now_s=clock.now_ms() // 1000)
        exchange.identity = PlayerIdentity(session.player_id, session)
        exchange.subject = f"player:{session.player_id}"


def credentials(value: str, *, scheme: str) -> str:
    """What follows the scheme (matched in any case, RFC 9110), or the empty text for another scheme."""
    given, _, credentials = value.partition(" ")
    return credentials.strip() if given.lower() == scheme else ""


CurrentPlayer = Annotated[PlayerIdentity, Security(PlayerSession())]
