"""Routes of the economy: the player's own view, the statement, the public numbers, the daily login."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from functions.edge.app import edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.problems import refusals
from functions.routes.economy_views import (
    ConfigView,
    DailyReward,
    LedgerPage,
    MeView,
    config_view,
)
from functions.routes.paging import Cursor, Limit
from shared.bootstrap.economy import EconomyParts
from shared.services.claim_daily_login import claim_daily_login
from shared.services.read_history import read_ledger
from shared.services.read_player_view import read_me

Parts = Callable[[], EconomyParts]


def economy_router(parts: Parts) -> APIRouter:
    """The economy routes over the function's dependencies."""
    router = edge_router()

    @router.get(
        "/api/economy/me",
        operation_id="getMe",
        response_model_exclude_none=True,
        responses=refusals("player_unknown"),
    )
    async def get_me(player: CurrentPlayer) -> MeView:
        """The player now: balances, brokers with live energy, daily login, bans."""
        return MeView.model_validate(await run_blocking(read_me, player.id, committer=parts().committer))

    @router.get("/api/economy/ledger", operation_id="listLedger", responses=refusals("invalid_cursor"))
    async def list_ledger(player: CurrentPlayer, limit: Limit = 20, cursor: Cursor = None) -> LedgerPage:
        """The player's statement, newest first, with running balances."""
        page = await run_blocking(
            read_ledger, player.id, limit=limit, cursor=cursor, committer=parts().committer
        )
        return LedgerPage.model_validate({"items": page.items, "nextCursor": page.next_cursor})

    @router.get("/api/economy/config", operation_id="getEconomyConfig")
    async def get_config() -> ConfigView:
        """The public numbers of the economy; whoever asks."""
        config = await run_blocking(parts().committer.configs.current)
        return config_view(config)

    @router.post(
        "/api/economy/daily",
        operation_id="claimDaily",
        responses=refusals("banned", "daily_taken", "idempotency_key_reused"),
    )
    async def claim_daily(player: CurrentPlayer, call: IdempotentCall) -> DailyReward:
        """The daily login's reward, once per UTC day."""
        outcome = await run_blocking(
            claim_daily_login,
            player.id,
            key=call.key,
            fingerprint=call.fingerprint,
            committer=parts().committer,
        )
        return DailyReward.model_validate(call.answer(outcome))

    return router
