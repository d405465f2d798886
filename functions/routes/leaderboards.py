"""Routes of leaderboards: pages from the top, and the places around oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter

from functions.edge.app import edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.models import Amount, Time, View
from functions.edge.problems import refusals
from functions.routes.paging import Cursor, Limit
from shared.bootstrap.battle import BattleParts
from shared.services.read_leaderboard import read_around, read_leaderboard

Parts = Callable[[], BattleParts]
Board = Literal["score", "aiba", "battles"]
Period = Literal["today", "week", "all"]


class PlaceView(View):
    """A player's place; `rank` is left out where it is not known exactly."""

    alias: str
    score: Amount
    rank: int | None = None
    is_me: bool | None = None


class LeaderboardPage(View):
    """One page of a board, best first; `asOf` is at most 90 seconds ago, and absent while nothing was folded."""

    board: str
    period: str
    as_of: Time | None = None
    items: list[PlaceView]
    next_cursor: str | None = None


class AroundView(View):
    """The player's place and five neighbours each side; beyond rank 1,000 how far up in percent."""

    board: str
    period: str
    as_of: Time | None = None
    items: list[PlaceView]
    top_percent: int | None = None


def leaderboards_router(parts: Parts) -> APIRouter:
    """The leaderboard routes over the battle function's dependencies."""
    router = edge_router()

    @router.get(
        "/api/leaderboards/{board}",
        operation_id="getLeaderboard",
        response_model_exclude_none=True,
        responses=refusals("invalid_cursor"),
    )
    async def get_leaderboard(
        board: Board, player: CurrentPlayer, period: Period = "all", limit: Limit = 20, cursor: Cursor = None
    ) -> LeaderboardPage:
        """Best first: score won, AIBA earned in battles, or battles fought."""
        answer = await run_blocking(
            read_leaderboard,
            board,
            period,
            account=player.id,
            limit=limit,
            cursor=cursor,
            leaderboards=parts().leaderboards,
        )
        return LeaderboardPage.model_validate(answer)

    @router.get("/api/leaderboards/{board}/me", operation_id="getMyPlace", response_model_exclude_none=True)
    async def get_my_place(board: Board, player: CurrentPlayer, period: Period = "all") -> AroundView:
        """The player's own place among the nearest; no items while there is no score."""
        answer = await run_blocking(
            read_around, board, period, account=player.id, leaderboards=parts().leaderboards
        )
        return AroundView.model_validate(answer)

    return router
