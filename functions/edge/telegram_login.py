"""Who asks where a session begins: a Telegram user by initData; `TelegramLogin` is what the route asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Security
from fastapi.openapi.models import APIKey, APIKeyIn
from typing_extensions import override

from functions.edge.authentication import Authentication, credentials
from functions.edge.exchange import header
from shared.domain.errors import Refused, ensure
from shared.domain.telegram_init_data import InitData

if TYPE_CHECKING:
    from fastapi import Request

    from functions.edge.exchange import Exchange

INIT_DATA_HEADER: Final = "x-telegram-init-data"


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


TelegramLogin = Annotated[InitData, Security(TelegramInitData())]
