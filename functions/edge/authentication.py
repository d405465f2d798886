"""Who asks: a player by session token, or a Telegram user by initData where a session begins.

`CurrentPlayer` and `TelegramLogin` are what a route asks for. The route class authenticates before it
looks at anything else; the dependency then only hands over what was established.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Request, Security
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.openapi.models import HTTPBearer as HttpBearerScheme
from fastapi.security.base import SecurityBase
from typing_extensions import override

from functions.edge.exchange import Exchange, exchange_of, header
from shared.domain.errors import Refused, ensure
from shared.domain.telegram_init_data import InitData

if TYPE_CHECKING:
    from shared.domain.session import Session

INIT_DATA_HEADER: Final = "x-telegram-init-data"


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


class TelegramInitData(Authentication):
    """`Authorization: tma <raw initData>` or X-Telegram-Init-Data; only the session route asks for it."""

    def __init__(self) -> None:
        self.scheme_name = "telegramInitData"
        self.model = APIKey.model_validate(
            {
                "in": APIKeyIn.header,
                "name": "Authorization",
                "description": "`tma <raw initData>`; X-Telegram-Init-Data is read too",
            }
        )

    @override
    def authenticate(self, request: Request, exchange: Exchange) -> None:
        judge, clock = exchange.wiring.judge_init_data, exchange.wiring.clock
        ensure(judge is not None, "the function that accepts initData holds the bot token")
        assert judge is not None  # noqa: S101 - said again for the type checker
        raw = credentials(header(request.scope, "authorization"), scheme="tma")
        raw = raw or header(request.scope, INIT_DATA_HEADER)
        if not raw:
            raise Refused("Send Authorization: tma <initData>", code="init_data_missing")
        exchange.identity = judge(raw, now_s=clock.now_ms() // 1000)
        exchange.subject = f"telegram:{exchange.identity.user.id}"


def credentials(value: str, *, scheme: str) -> str:
    """What follows the scheme (matched in any case, RFC 9110), or the empty text for another scheme."""
    given, _, credentials = value.partition(" ")
    return credentials.strip() if given.lower() == scheme else ""


CurrentPlayer = Annotated[PlayerIdentity, Security(PlayerSession())]
TelegramLogin = Annotated[InitData, Security(TelegramInitData())]
