"""How reports look to administrators."""

from __future__ import annotations

from typing import Any

from functions.edge.models import Amount, Time, View
from functions.routes.admin_forms import Balances
from functions.routes.game_views import SignedAmount


class LineView(View):
    """What one system account gave (above 0) or took (below) for one kind of row."""

    currency: str
    account: str
    kind: str
    amount: SignedAmount


class DayView(View):
    """A day's totals; `isComplete` is false where there were too many rows to fold here."""

    day: str
    is_complete: bool
    rows: int
    refusals: int
    players: int
    battles: dict[str, int]
    emitted: Balances
    sunk: Balances
    lines: list[LineView]


class DayList(View):
    """Days, newest first."""

    items: list[DayView]


class BudgetLeftView(View):
    """A running budget."""

    group: str
    cap: Amount
    available: Amount


class StatsView(View):
    """The game at this moment."""

    revision: int
    paused: dict[str, bool]
    budgets: list[BudgetLeftView]
    claims: dict[str, int]
    today: DayView


class AuditRecordView(View):
    """One record: an intent (what was about to be done) or an outcome (how it ended)."""

    id: str
    admin: str
    at: Time
    kind: str
    hash: str
    previous_hash: str
    action: str | None = None
    target: str | None = None
    details: Any = None
    trace: str | None = None
    role: str | None = None
    request_id: str | None = None
    address: str | None = None
    intent: str | None = None
    result: str | None = None
    answer: Any = None
    before: Any = None
    after: Any = None


class AuditPage(View):
    """Records, newest first."""

    items: list[AuditRecordView]
    next_cursor: str | None = None
