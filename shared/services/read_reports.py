"""Reports for administrators: a day's emission and sinks, the state of the moment, the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.admin_records import record_document
from shared.domain.budget_plans import ADMIN_AIBA, AIBA, CLAIMS, CLAIMS_PER_HOUR, NEUR, plan_budget
from shared.domain.budgets import budget_group
from shared.domain.calendar import MS_PER_DAY, day_start_ms, utc_day
from shared.domain.cursors import cursor_int, read_cursor, write_cursor
from shared.domain.day_totals import DayTotals
from shared.domain.errors import Refused
from shared.domain.ledger import Emission, Row
from shared.services.read_history import Page

if TYPE_CHECKING:
    from shared.domain.claims import ClaimState
    from shared.ports.admin import ClaimQueue
    from shared.ports.ledger import LedgerStore
    from shared.services.admin_audit import AuditTrail
    from shared.services.commit import Committer

ROWS_MAX: Final = 200_000
"""Above this a report says it is incomplete; `./arena ledger report` has no limit."""
QUEUE_MAX: Final = 200
OPEN_STATES: Final[tuple[ClaimState, ...]] = ("awaiting_approval", "approved", "reserved", "signed")
AUDIT: Final = "audit"


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """What reports are made from."""

    committer: Committer
    queue: ClaimQueue
    trail: AuditTrail


def day_totals(desk: ReportDesk, day: str) -> dict[str, Any]:
    """Emission and sinks of one UTC day, folded from its rows. Raises Refused `invalid_day`."""
    return _fold(desk.committer.store, day, limit=ROWS_MAX).document()


def read_stats(desk: ReportDesk) -> dict[str, Any]:
    """The game at this moment: configuration, budgets and what is left of them, claims that wait, today's totals."""
    now_ms = desk.committer.clock.now_ms()
    config = desk.committer.configs.current()
    budgets = []
    for name, period in (
        (AIBA, "day"),
        (NEUR, "day"),
        (ADMIN_AIBA, "day"),
        (CLAIMS, "day"),
        (CLAIMS_PER_HOUR, "hour"),
    ):
        group = budget_group(Emission(name, 0, period), now_ms=now_ms)
        shards = desk.committer.store.budget_shards(group)
        cap = sum(shard.cap for shard in shards) if shards else plan_budget(config, name).cap
        left = sum(shard.available for shard in shards) if shards else cap
        budgets.append({"group": group, "cap": str(cap), "available": str(left)})
    waiting = {state: len(desk.queue.in_state(state, limit=QUEUE_MAX)) for state in OPEN_STATES}
    paused = {name: getattr(config.paused, name) for name in type(config.paused).__dataclass_fields__}
    return {
        "revision": config.revision,
        "paused": paused,
        "budgets": budgets,
        "claims": waiting,
        "today": day_totals(desk, utc_day(now_ms)),
    }


def read_audit_of(desk: ReportDesk, admin_id: str, *, limit: int, cursor: str | None) -> Page:
    """One administrator's records, newest first, by known ids. Raises Refused `invalid_cursor`, `admin_unknown`."""
    listing = f"{AUDIT}:{admin_id}"
    store = desk.trail.committer.store
    if store.read_player(admin_id) is None:
        raise Refused("This administrator never logged in", code="admin_unknown")
    head = desk.trail.committer.read_player(admin_id)
    top = head.seq
    if cursor is not None:
        top = cursor_int(read_cursor(listing, cursor), "seq", low=0, high=head.seq)
    first = max(1, top - limit + 1)
    rows = store.rows_at(admin_id, range(first, top + 1)) if top else []
    items = [record_document(row) for row in reversed(rows)]
    return Page(items, write_cursor(listing, {"seq": first - 1}) if first > 1 else None)


def read_audit_of_day(desk: ReportDesk, day: str, *, limit: int, cursor: str | None) -> Page:
    """Everybody's records of one UTC day, newest first. Raises Refused `invalid_day`, `invalid_cursor`."""
    listing = f"{AUDIT}:{day}"
    start_ms = _start_ms(day)
    rows = sorted(
        desk.trail.committer.store.rows_between(from_ms=start_ms, until_ms=start_ms + MS_PER_DAY),
        key=_newest_first,
    )
    skipped = 0
    if cursor is not None:
        skipped = cursor_int(read_cursor(listing, cursor), "older", low=0, high=len(rows))
        # Counted from the oldest on: records that were added since do not move what was seen.
        skipped = len(rows) - skipped
    page = rows[skipped : skipped + limit]
    older = len(rows) - skipped - len(page)
    items = [record_document(row) for row in page]
    return Page(items, write_cursor(listing, {"older": older}) if older else None)


def _newest_first(row: Row) -> tuple[int, str, int]:
    return (-row.ts_ms, row.account, -row.seq)


def _fold(store: LedgerStore, day: str, *, limit: int) -> DayTotals:
    totals = DayTotals(day)
    start_ms = _start_ms(day)
    for row in store.rows_between(from_ms=start_ms, until_ms=start_ms + MS_PER_DAY):
        if totals.rows >= limit:
            totals.is_complete = False
            break
        totals.count(row)
    return totals


def days_until(last: str, *, count: int) -> list[str]:
    """`count` UTC days, the last one first. Raises Refused `invalid_day`."""
    days = [last]
    while len(days) < count:
        before_ms = _start_ms(days[-1]) - 1
        if before_ms < 0:
            raise Refused("Nothing was before 1970", code="invalid_day", extra={"field": "day"})
        days.append(utc_day(before_ms))
    return days


def _start_ms(day: str) -> int:
    try:
        return day_start_ms(day)
    except ValueError as error:
        raise Refused("A day is written 2026-11-22", code="invalid_day", extra={"field": "day"}) from error
