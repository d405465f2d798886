"""The route that turns Telegram's word for who plays into a short session."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.models import Time, View, utc_text
from functions.edge.problems import refusals
from functions.edge.telegram_login import TelegramLogin
from shared.bootstrap.economy import EconomyParts
from shared.domain.calendar import MS_PER_SECOND
from shared.services.register_player import register_player

Parts = Callable[[], EconomyParts]


class SessionView(View):
    """A token for `Authorization: Bearer`, good until `expiresAt`; ask again for a new one."""

    token: str
    expires_at: Time
    server_time: Time
    player_id: str
    alias: str


def sessions_router(parts: Parts) -> APIRouter:
    """The session route over the economy function's dependencies."""
    router = edge_router()

    @router.post(
        "/api/session",
        operation_id="createSession",
        responses=refusals("init_data_expired", "init_data_hash_mismatch"),
    )
    async def create_session(login: TelegramLogin) -> SessionView:
        """Sign in with Telegram's initData; the player exists from the first time on."""
        economy = parts()
        player = await run_blocking(
            register_player,
            login.user.id,
            committer=economy.committer,
            codes=economy.codes,
            new_code=economy.new_referral_code,
        )
        token, session = economy.issue_session(player.id)
        return SessionView(
            token=token,
            expires_at=utc_text(session.expires_at_s * MS_PER_SECOND),
            server_time=utc_text(economy.clock.now_ms()),
            player_id=player.id,
            alias=str(player.state["alias"]),
        )

    return router
