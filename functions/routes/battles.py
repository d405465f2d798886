"""Routes of battles: modes, the battle itself, its history and its proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.authentication import CurrentPlayer
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import IdempotentBody
from functions.edge.problems import refusals
from functions.routes.game_views import (
    BattlePage,
    BattleProofView,
    BattleView,
    FairnessPage,
    ModeList,
)
from functions.routes.paging import Cursor, Limit
from shared.bootstrap.battle import BattleParts
from shared.domain.battle import BattleWish
from shared.services.play_battle import play_battle
from shared.services.read_fairness import read_past_days, read_proof, read_today
from shared.services.read_history import read_battle, read_battles
from shared.services.read_modes import read_modes

Parts = Callable[[], BattleParts]
BattleId = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,14}$", description="The battle's `id`")]


class BattleBody(IdempotentBody):
    """Which broker fights in which mode."""

    broker_id: Annotated[str, Field(min_length=1, max_length=32)]
    mode: Annotated[str, Field(min_length=1, max_length=50)]


def battles_router(parts: Parts) -> APIRouter:
    """The battle routes over the function's dependencies."""
    router = edge_router()
    _add_playing(router, parts)
    _add_reading(router, parts)
    _add_fairness(router, parts)
    return router


def _add_playing(router: APIRouter, parts: Parts) -> None:
    @router.get("/api/battle/modes", operation_id="listModes")
    async def list_modes(player: CurrentPlayer) -> ModeList:  # noqa: ARG001 - only players are told
        """All modes, also those that are closed, with the reason."""
        config = await run_blocking(parts().committer.configs.current)
        return ModeList.model_validate({"items": read_modes(config)})

    @router.post(
        "/api/battle/run",
        operation_id="runBattle",
        response_model_exclude_none=True,
        responses=refusals(
            "banned",
            "mode_unknown",
            "mode_disabled",
            "guild_required",
            "broker_not_found",
            "broker_banned",
            "league_locked",
            "no_energy",
            "cooldown",
            "insufficient_funds",
            "idempotency_key_reused",
        ),
    )
    async def run_battle(body: BattleBody, player: CurrentPlayer, call: IdempotentCall) -> BattleView:
        """Fight once per key; the same key answers the same battle for ever."""
        game = parts()
        outcome = await run_blocking(
            play_battle,
            player.id,
            BattleWish(body.broker_id, body.mode, call.key),
            fingerprint=call.fingerprint,
            committer=game.committer,
            fairness=game.fairness,
        )
        return BattleView.model_validate(call.answer(outcome))


def _add_reading(router: APIRouter, parts: Parts) -> None:
    @router.get("/api/battle/battles", operation_id="listBattles", response_model_exclude_none=True)
    async def list_battles(player: CurrentPlayer, limit: Limit = 20, cursor: Cursor = None) -> BattlePage:
        """The player's battles, newest first."""
        page = await run_blocking(
            read_battles, player.id, limit=limit, cursor=cursor, committer=parts().committer
        )
        return BattlePage.model_validate({"items": page.items, "nextCursor": page.next_cursor})

    @router.get(
        "/api/battle/battles/{battle_id}",
        operation_id="getBattle",
        response_model_exclude_none=True,
        responses=refusals("battle_not_found"),
    )
    async def get_battle(battle_id: BattleId, player: CurrentPlayer) -> BattleView:
        """One of the player's own battles."""
        battle = await run_blocking(read_battle, player.id, battle_id, committer=parts().committer)
        return BattleView.model_validate(battle)

    @router.get(
        "/api/battle/battles/{battle_id}/proof",
        operation_id="getBattleProof",
        response_model_exclude_none=True,
        responses=refusals("battle_not_found"),
    )
    async def get_proof(battle_id: BattleId, player: CurrentPlayer) -> BattleProofView:
        """What is needed to recompute the battle; with the day's seed once it is public."""
        game = parts()
        answer = await run_blocking(
            read_proof, player.id, battle_id, committer=game.committer, fairness=game.fairness
        )
        return BattleProofView.model_validate(answer)


def _add_fairness(router: APIRouter, parts: Parts) -> None:
    @router.get("/api/battle/fairness", operation_id="getFairness", response_model_exclude_none=True)
    async def get_fairness(limit: Limit = 20, cursor: Cursor = None) -> FairnessPage:
        """Today's commitment and past days' seeds; public, whoever asks."""
        fairness = parts().fairness
        today = await run_blocking(read_today, fairness)
        page = await run_blocking(read_past_days, limit=limit, cursor=cursor, fairness=fairness)
        return FairnessPage.model_validate(
            {"today": today, "past": page.items, "nextCursor": page.next_cursor}
        )
