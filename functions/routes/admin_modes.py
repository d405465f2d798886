"""Routes of the battle modes: listed, written whole, taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import Amount, RequestBody, View
from functions.edge.problems import refusals
from functions.routes.admin_access import ChangesConfig, ReadsConfig, request_key
from functions.routes.admin_config import CHANGE_REFUSALS
from functions.routes.admin_config_views import ConfigChangeView
from functions.routes.admin_forms import Document, IfMatch, Reason
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.config_changes import with_mode, without_mode
from shared.domain.modes import mode_document, mode_from_document
from shared.services.change_config import ConfigOrder, change_config

Parts = Callable[[], AdminParts]
ModeKey = Annotated[str, Path(pattern=r"^[a-z][A-Za-z0-9-]{1,48}$")]


class ModeForm(RequestBody):
    """A mode; what is not sent takes the arena's and league's usual value."""

    arena: str
    league: str
    is_enabled: bool = True
    energy_cost: int = 0
    cooldown_seconds: int = 0
    entry_fee_neur: Amount = "0"
    entry_fee_aiba: Amount = "0"
    reward_multiplier_aiba: float = 1
    reward_multiplier_neur: float = 1
    rules: Annotated[
        dict[str, Any],
        Field(description="Overrides: minBrokerLevel, arenaWeights, leagueMultiplier, varianceBase"),
    ] = {}  # noqa: RUF012 - pydantic copies it

    def document(self, key: str) -> dict[str, Any]:
        """As the domain reads modes."""
        sent = self.model_dump(exclude_unset=True, by_alias=True)
        fees: dict[str, Any] = {
            name: int(sent[name]) for name in ("entryFeeNeur", "entryFeeAiba") if name in sent
        }
        return {**sent, **fees, "key": key}


class ModeBody(RequestBody):
    """A mode and why it changes."""

    mode: ModeForm
    reason: Reason


class ModesView(View):
    """All modes of one revision by key; fees are whole numbers within bounds far below 2^53."""

    revision: int
    modes: dict[str, Document]


def admin_modes_router(parts: Parts) -> APIRouter:
    """The modes' routes over the admin function's dependencies."""
    router = edge_router()

    @router.get("/api/admin/modes", operation_id="adminListModes", responses=refusals("forbidden"))
    async def list_modes(_caller: ReadsConfig) -> ModesView:
        """All modes, as they are now."""
        config = await run_blocking(parts().config.configs.latest)
        modes = {key: mode_document(mode) for key, mode in config.modes.items()}
        return ModesView(revision=config.revision, modes=modes)

    @router.put(
        "/api/admin/modes/{key}",
        operation_id="adminWriteMode",
        responses=refusals(*CHANGE_REFUSALS, "invalid_mode"),
    )
    async def write_mode(
        key: ModeKey, body: ModeBody, caller: ChangesConfig, call: IdempotentCall, revision: IfMatch
    ) -> ConfigChangeView:
        """A new mode, or another form of one that is there."""
        mode = mode_from_document(body.mode.document(key))
        outcome = await run_blocking(
            change_config,
            parts().config,
            caller.actor,
            ConfigOrder("modes.write", {"mode": mode_document(mode)}, body.reason),
            request_key(call, revision=revision),
            expected_revision=revision,
            edit=lambda config: with_mode(config, mode),
        )
        return ConfigChangeView.model_validate(call.answer(outcome))

    @router.delete(
        "/api/admin/modes/{key}",
        operation_id="adminRemoveMode",
        responses=refusals(*CHANGE_REFUSALS, "mode_unknown"),
    )
    async def remove_mode(
        key: ModeKey,
        caller: ChangesConfig,
        call: IdempotentCall,
        revision: IfMatch,
        reason: Annotated[str, Query(min_length=3, max_length=500)],
    ) -> ConfigChangeView:
        """Take a mode away; a rollback brings it back, and battles fought in it stay."""
        outcome = await run_blocking(
            change_config,
            parts().config,
            caller.actor,
            ConfigOrder("modes.remove", {"mode": key}, reason),
            request_key(call, revision=revision),
            expected_revision=revision,
            edit=lambda config: without_mode(config, key),
        )
        return ConfigChangeView.model_validate(call.answer(outcome))

    return router
