"""Routes of the configuration: look, change, try, go back, pause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import Field

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.exchange import exchange_of
from functions.edge.idempotency import IdempotentCall
from functions.edge.models import RequestBody
from functions.edge.problems import refusals
from functions.edge.rate_limits import POLICY_NAMES
from functions.routes.admin_access import (
    ChangesConfig,
    ChangesLimits,
    Pauses,
    ReadsConfig,
    Resumes,
    request_key,
)
from functions.routes.admin_config_views import (
    ConfigChangeView,
    ConfigView,
    DryRunBody,
    DryRunView,
    EconomyChangeBody,
    RevisionDetail,
    RevisionPage,
    config_view,
    revision_view,
)
from functions.routes.admin_forms import FieldChangeView, IfMatch, Reason
from functions.routes.paging import Cursor, Limit
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.config_changes import with_economy, with_limits
from shared.services.change_config import ConfigOrder, change_config, roll_back, set_switches
from shared.services.project_economy import project_economy
from shared.services.read_revisions import read_revision, read_revisions

Parts = Callable[[], AdminParts]
Switch = Literal["battles", "claims", "emission", "logins"]


class LimitsBody(RequestBody):
    """Every override of a rate limit; a policy that is not named keeps its own count."""

    limits: Annotated[dict[str, int], Field(max_length=100)]
    reason: Reason


class RollbackBody(RequestBody):
    """The revision whose economy, modes and limits come back."""

    to: Annotated[int, Field(ge=1, le=2**53)]
    reason: Reason


class SwitchesBody(RequestBody):
    """What to stop, or to start again."""

    switches: Annotated[list[Switch], Field(min_length=1, max_length=4)]
    reason: Reason


CHANGE_REFUSALS = (
    "revision_required",
    "revision_conflict",
    "config_unchanged",
    "forbidden",
    "intent_expired",
)


def admin_config_router(parts: Parts) -> APIRouter:
    """The configuration's routes over the admin function's dependencies."""
    router = edge_router()
    _add_readings(router, parts)
    _add_changes(router, parts)
    _add_switches(router, parts)
    return router


def _add_readings(router: APIRouter, parts: Parts) -> None:
    @router.get("/api/admin/config", operation_id="adminGetConfig", responses=refusals("forbidden"))
    async def get_config(_caller: ReadsConfig, request: Request) -> ConfigView:
        """The current revision; its ETag is what a change sends as If-Match."""
        config = await run_blocking(parts().config.configs.latest)
        exchange_of(request.scope).reply_headers["etag"] = f'"{config.revision}"'
        return config_view(config)

    @router.get(
        "/api/admin/config/revisions",
        operation_id="adminListRevisions",
        responses=refusals("forbidden", "invalid_cursor"),
    )
    async def list_revisions(
        _caller: ReadsConfig,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> RevisionPage:
        """Who changed what, newest first."""
        page = await run_blocking(read_revisions, parts().config.configs, limit=limit, cursor=cursor)
        return RevisionPage(items=list(map(revision_view, page.revisions)), next_cursor=page.next_cursor)

    @router.get(
        "/api/admin/config/revisions/{number}",
        operation_id="adminGetRevision",
        responses=refusals("forbidden", "revision_unknown"),
    )
    async def get_revision(
        _caller: ReadsConfig,
        number: Annotated[int, Path(ge=1, le=2**53)],
    ) -> RevisionDetail:
        """One revision whole, with what it changed."""
        revision, changes = await run_blocking(read_revision, parts().config.configs, number)
        return RevisionDetail(
            about=revision_view(revision),
            config=config_view(revision.config),
            changes=[FieldChangeView.model_validate(change) for change in changes],
        )

    @router.post(
        "/api/admin/config/economy/dry-run",
        operation_id="adminDryRun",
        responses=refusals("forbidden", "invalid_economy"),
    )
    async def dry_run(body: DryRunBody, _caller: ReadsConfig) -> DryRunView:
        """What the change would do, judged by the rows of the last 24 hours; nothing changes."""
        config = await run_blocking(parts().config.configs.latest)
        answer = await run_blocking(
            project_economy,
            config,
            with_economy(config, body.changes.changes()),
            store=parts().config.store,
            now_ms=parts().clock.now_ms(),
        )
        return DryRunView.model_validate(answer)


def _add_changes(router: APIRouter, parts: Parts) -> None:
    @router.patch(
        "/api/admin/config/economy",
        operation_id="adminChangeEconomy",
        responses=refusals(*CHANGE_REFUSALS, "invalid_economy"),
    )
    async def change_economy(
        body: EconomyChangeBody, caller: ChangesConfig, call: IdempotentCall, revision: IfMatch
    ) -> ConfigChangeView:
        """Change fields of the economy; running budgets follow a changed cap as far as they can."""
        changes = body.changes.changes()
        outcome = await run_blocking(
            change_config,
            parts().config,
            caller.actor,
            ConfigOrder("config.economy", {"changes": changes}, body.reason),
            request_key(call, revision=revision),
            expected_revision=revision,
            edit=lambda config: with_economy(config, changes),
        )
        return ConfigChangeView.model_validate(call.answer(outcome))

    @router.post(
        "/api/admin/config/rollback",
        operation_id="adminRollBack",
        responses=refusals(*CHANGE_REFUSALS, "revision_unknown"),
    )
    async def rollback(
        body: RollbackBody, caller: ChangesConfig, call: IdempotentCall, revision: IfMatch
    ) -> ConfigChangeView:
        """A new revision like an earlier one; pause switches stay as they are."""
        outcome = await run_blocking(
            roll_back,
            parts().config,
            caller.actor,
            request_key(call, revision=revision),
            to=body.to,
            expected_revision=revision,
            reason=body.reason,
        )
        return ConfigChangeView.model_validate(call.answer(outcome))

    @router.put(
        "/api/admin/limits",
        operation_id="adminChangeLimits",
        responses=refusals(*CHANGE_REFUSALS, "invalid_limits"),
    )
    async def change_limits(
        body: LimitsBody, caller: ChangesLimits, call: IdempotentCall, revision: IfMatch
    ) -> ConfigChangeView:
        """Replace all overrides of rate limits; every instance follows within seconds."""
        outcome = await run_blocking(
            change_config,
            parts().config,
            caller.actor,
            ConfigOrder("config.limits", {"limits": body.limits}, body.reason),
            request_key(call, revision=revision),
            expected_revision=revision,
            edit=lambda config: with_limits(config, body.limits, policies=POLICY_NAMES),
        )
        return ConfigChangeView.model_validate(call.answer(outcome))


def _add_switches(router: APIRouter, parts: Parts) -> None:
    @router.post(
        "/api/admin/pause", operation_id="adminPause", responses=refusals("forbidden", "intent_expired")
    )
    async def pause(body: SwitchesBody, caller: Pauses, call: IdempotentCall) -> ConfigChangeView:
        """Stop these on every instance within 3 s; stopping what stands still is no error."""
        outcome = await run_blocking(
            set_switches,
            parts().config,
            caller.actor,
            request_key(call),
            switches=dict.fromkeys(body.switches, True),
            reason=body.reason,
        )
        return ConfigChangeView.model_validate(call.answer(outcome))

    @router.post(
        "/api/admin/resume", operation_id="adminResume", responses=refusals("forbidden", "intent_expired")
    )
    async def resume(body: SwitchesBody, caller: Resumes, call: IdempotentCall) -> ConfigChangeView:
        """Start these again."""
        outcome = await run_blocking(
            set_switches,
            parts().config,
            caller.actor,
            request_key(call),
            switches=dict.fromkeys(body.switches, False),
            reason=body.reason,
        )
        return ConfigChangeView.model_validate(call.answer(outcome))
