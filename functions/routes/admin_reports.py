"""Routes of reports: emission and sinks, the moment's state, the audit, and exports as CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from functions.edge.app import edge_router
from functions.edge.blocking import run_blocking
from functions.edge.problems import refusals
from functions.routes.admin_access import Exports, ReadsAudit, ReadsReports
from functions.routes.admin_forms import Account
from functions.routes.admin_report_views import AuditPage, DayList, DayView, StatsView
from functions.routes.paging import Cursor, Limit
from shared.bootstrap.admin_desks import AdminParts
from shared.domain.calendar import utc_day
from shared.services.export_rows import export_emission, export_ledger
from shared.services.read_reports import (
    day_totals,
    days_until,
    read_audit_of,
    read_audit_of_day,
    read_stats,
)

Parts = Callable[[], AdminParts]
Day = Annotated[
    str | None, Query(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A UTC day; today if absent")
]
Days = Annotated[int, Query(ge=1, le=31, description="How many days, this one and those before it")]
CSV = "text/csv; charset=utf-8"
_CSV_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV, RFC 4180"}
}


def admin_reports_router(parts: Parts) -> APIRouter:
    """The reports' routes over the admin function's dependencies."""
    router = edge_router()
    _add_reports(router, parts)
    _add_exports(router, parts)
    return router


def _add_reports(router: APIRouter, parts: Parts) -> None:
    @router.get("/api/admin/stats", operation_id="adminGetStats", responses=refusals("forbidden"))
    async def stats(_caller: ReadsReports) -> StatsView:
        """The game at this moment."""
        return StatsView.model_validate(await run_blocking(read_stats, parts().reports))

    @router.get(
        "/api/admin/emission",
        operation_id="adminListEmission",
        responses=refusals("forbidden", "invalid_day"),
    )
    async def emission(
        _caller: ReadsReports,
        day: Day = None,
        days: Days = 1,
    ) -> DayList:
        """What each day emitted and sank, by currency, account and kind, newest first."""
        wanted = days_until(day or utc_day(parts().clock.now_ms()), count=days)
        found = [await run_blocking(day_totals, parts().reports, each) for each in wanted]
        return DayList(items=[DayView.model_validate(each) for each in found])

    @router.get(
        "/api/admin/audit",
        operation_id="adminListAudit",
        response_model_exclude_none=True,
        responses=refusals("forbidden", "invalid_day", "invalid_cursor", "admin_unknown"),
    )
    async def audit(
        _caller: ReadsAudit,
        admin: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,128}$")] = None,
        day: Day = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> AuditPage:
        """One administrator's records, or everybody's of a day; newest first, chained by their hashes."""
        desk = parts().reports
        if admin is not None:
            page = await run_blocking(read_audit_of, desk, admin, limit=limit, cursor=cursor)
        else:
            wanted = day or utc_day(parts().clock.now_ms())
            page = await run_blocking(read_audit_of_day, desk, wanted, limit=limit, cursor=cursor)
        return AuditPage.model_validate({"items": page.items, "nextCursor": page.next_cursor})


def _add_exports(router: APIRouter, parts: Parts) -> None:
    @router.get(
        "/api/admin/players/{account}/ledger.csv",
        operation_id="adminExportLedger",
        response_class=Response,
        responses={**refusals("forbidden", "player_unknown"), **_CSV_RESPONSE},
    )
    async def ledger_csv(
        account: Account,
        _caller: Exports,
        from_seq: Annotated[int, Query(alias="fromSeq", ge=1, le=2**53)] = 1,
    ) -> Response:
        """A player's rows, oldest first, at most 20,000 from `fromSeq` on."""
        committer = parts().committer
        text = await run_blocking(
            lambda: "".join(export_ledger(account, from_seq=from_seq, committer=committer))
        )
        return _attachment(text, name=f"ledger-{account}.csv")

    @router.get(
        "/api/admin/emission.csv",
        operation_id="adminExportEmission",
        response_class=Response,
        responses={**refusals("forbidden", "invalid_day"), **_CSV_RESPONSE},
    )
    async def emission_csv(
        _caller: Exports,
        day: Day = None,
        days: Days = 7,
    ) -> Response:
        """Emission and sinks by day."""
        wanted = days_until(day or utc_day(parts().clock.now_ms()), count=days)
        found = [await run_blocking(day_totals, parts().reports, each) for each in wanted]
        return _attachment("".join(export_emission(found)), name="emission.csv")


def _attachment(text: str, *, name: str) -> Response:
    """All of it at once: an answer that has begun cannot say any more that the rest could not be read."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=CSV, headers=headers)
