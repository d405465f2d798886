"""Routes of players: find one, look at everything, stop, note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.problems import refusals
from functions.routes.admin_access import BansPlayers, NotesPlayers, ReadsPlayers, request_key
from functions.routes.admin_forms import Account, Id, until_ms
from functions.routes.admin_player_views import (
    BanBody,
    BrokerBanBody,
    ModerationView,
    NoteBody,
    PlayerList,
    PlayerPage,
    ReasonBody,
    UnbanBody,
)
from functions.routes.economy_views import LedgerPage
from functions.routes.game_views import BattlePage
from functions.routes.paging import Cursor, Limit
from shared.bootstrap.admin_desks import AdminParts
from shared.services.find_players import SearchBy, find_players, read_player_page
from shared.services.moderate_player import (
    ban_broker,
    ban_player,
    note_player,
    unban_broker,
    unban_player,
)
from shared.services.read_history import read_battles, read_ledger

Parts = Callable[[], AdminParts]
BAN_REFUSALS = ("forbidden", "player_unknown", "invalid_until", "intent_expired")


def admin_players_router(parts: Parts) -> APIRouter:
    """The players' routes over the admin function's dependencies."""
    router = edge_router()
    _add_readings(router, parts)
    _add_bans(router, parts)
    _add_broker_bans(router, parts)
    return router


def _add_readings(router: APIRouter, parts: Parts) -> None:
    @router.get(
        "/api/admin/players",
        operation_id="adminFindPlayers",
        responses=refusals("forbidden", "invalid_address", "invalid_search"),
    )
    async def find(
        _caller: ReadsPlayers,
        by: SearchBy,
        text: Annotated[str, Query(min_length=1, max_length=128)],
    ) -> PlayerList:
        """Exact matches by id, Telegram id, alias, wallet or referral code."""
        found = await run_blocking(find_players, parts().players, by=by, text=text)
        return PlayerList.model_validate({"items": found})

    @router.get(
        "/api/admin/players/{account}",
        operation_id="adminGetPlayer",
        response_model_exclude_none=True,
        responses=refusals("forbidden", "player_unknown"),
    )
    async def get_player(account: Account, _caller: ReadsPlayers) -> PlayerPage:
        """Everything about one player at a glance."""
        return PlayerPage.model_validate(await run_blocking(read_player_page, parts().players, account))

    @router.get(
        "/api/admin/players/{account}/ledger",
        operation_id="adminListLedger",
        responses=refusals("forbidden", "player_unknown", "invalid_cursor"),
    )
    async def list_ledger(
        account: Account,
        _caller: ReadsPlayers,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> LedgerPage:
        """The player's statement, newest first."""
        page = await run_blocking(
            read_ledger, account, limit=limit, cursor=cursor, committer=parts().committer
        )
        return LedgerPage.model_validate({"items": page.items, "nextCursor": page.next_cursor})

    @router.get(
        "/api/admin/players/{account}/battles",
        operation_id="adminListBattles",
        response_model_exclude_none=True,
        responses=refusals("forbidden", "player_unknown", "invalid_cursor"),
    )
    async def list_battles(
        account: Account,
        _caller: ReadsPlayers,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> BattlePage:
        """The player's battles, newest first."""
        page = await run_blocking(
            read_battles, account, limit=limit, cursor=cursor, committer=parts().committer
        )
        return BattlePage.model_validate({"items": page.items, "nextCursor": page.next_cursor})

    @router.post(
        "/api/admin/players/{account}/notes",
        operation_id="adminNotePlayer",
        status_code=201,
        response_model_exclude_none=True,
        responses=refusals("forbidden", "player_unknown", "intent_expired"),
    )
    async def note(
        account: Account, body: NoteBody, caller: NotesPlayers, call: IdempotentCall
    ) -> ModerationView:
        """A note for other administrators; the player never sees it."""
        outcome = await run_blocking(
            note_player, parts().moderation, caller.actor, request_key(call), account=account, text=body.text
        )
        return ModerationView.model_validate(call.answer(outcome))


def _add_bans(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/admin/players/{account}/ban",
        operation_id="adminBanPlayer",
        response_model_exclude_none=True,
        responses=refusals(*BAN_REFUSALS),
    )
    async def ban(
        account: Account, body: BanBody, caller: BansPlayers, call: IdempotentCall
    ) -> ModerationView:
        """Stop a player's actions of this scope."""
        outcome = await run_blocking(
            ban_player,
            parts().moderation,
            caller.actor,
            request_key(call),
            account=account,
            scope=body.scope,
            until_ms=until_ms(body.until),
            reason=body.reason,
        )
        return ModerationView.model_validate(call.answer(outcome))

    @router.post(
        "/api/admin/players/{account}/unban",
        operation_id="adminUnbanPlayer",
        response_model_exclude_none=True,
        responses=refusals(*BAN_REFUSALS, "not_banned"),
    )
    async def unban(
        account: Account, body: UnbanBody, caller: BansPlayers, call: IdempotentCall
    ) -> ModerationView:
        """End a ban."""
        outcome = await run_blocking(
            unban_player,
            parts().moderation,
            caller.actor,
            request_key(call),
            account=account,
            scope=body.scope,
            reason=body.reason,
        )
        return ModerationView.model_validate(call.answer(outcome))


def _add_broker_bans(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/admin/players/{account}/brokers/{broker_id}/ban",
        operation_id="adminBanBroker",
        response_model_exclude_none=True,
        responses=refusals(*BAN_REFUSALS, "broker_not_found"),
    )
    async def ban_one(
        account: Account, broker_id: Id, body: BrokerBanBody, caller: BansPlayers, call: IdempotentCall
    ) -> ModerationView:
        """Stop one broker."""
        outcome = await run_blocking(
            ban_broker,
            parts().moderation,
            caller.actor,
            request_key(call),
            account=account,
            broker_id=broker_id,
            until_ms=until_ms(body.until),
            reason=body.reason,
        )
        return ModerationView.model_validate(call.answer(outcome))

    @router.post(
        "/api/admin/players/{account}/brokers/{broker_id}/unban",
        operation_id="adminUnbanBroker",
        response_model_exclude_none=True,
        responses=refusals(*BAN_REFUSALS, "broker_not_found", "not_banned"),
    )
    async def unban_one(
        account: Account, broker_id: Id, body: ReasonBody, caller: BansPlayers, call: IdempotentCall
    ) -> ModerationView:
        """End a broker's ban."""
        outcome = await run_blocking(
            unban_broker,
            parts().moderation,
            caller.actor,
            request_key(call),
            account=account,
            broker_id=broker_id,
            reason=body.reason,
        )
        return ModerationView.model_validate(call.answer(outcome))
