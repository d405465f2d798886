"""Corrections of balances by administrators: within their role's limit, above a threshold by two of them.

A debit never takes a balance below zero: what is missing becomes a recorded debt, which blocks claims
until a later credit pays it down or an administrator settles it from the balance. Ordinary income of
the game does not: what a player earned stays theirs to play with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.domain.budget_plans import ADMIN_AIBA
from shared.domain.calendar import MS_PER_HOUR
from shared.domain.errors import Refused, ensure
from shared.domain.ledger import Accepted, Decision, Declined, Emission, Leg
from shared.domain.money import INT64_MAX, Currency

if TYPE_CHECKING:
    from shared.domain.admins import Role
    from shared.domain.player import Player

ADJUST_KIND: Final = "adjust"
SETTLE_DEBT_KIND: Final = "debt_settled"
ADJUSTMENTS: Final = "sys:adjustment"
PROPOSAL_VALID_MS: Final = 24 * MS_PER_HOUR

Direction = Literal["credit", "debit"]

ROLE_LIMITS: Final[Mapping[Role, Mapping[Currency, int]]] = {
    "owner": {"AIBA": INT64_MAX, "NEUR": INT64_MAX, "STARS": INT64_MAX, "DIAMONDS": INT64_MAX},
    "economist": {"AIBA": 50_000, "NEUR": 1_000_000, "STARS": 10_000, "DIAMONDS": 1_000},
    "support": {"AIBA": 500, "NEUR": 10_000, "STARS": 100, "DIAMONDS": 10},
    "viewer": {"AIBA": 0, "NEUR": 0, "STARS": 0, "DIAMONDS": 0},
}
"""The most one administrator may move by one adjustment, in whole units."""

SECOND_APPROVAL_ABOVE: Final[Mapping[Currency, int]] = {
    "AIBA": 5_000,
    "NEUR": 100_000,
    "STARS": 1_000,
    "DIAMONDS": 100,
}
"""Above this another administrator has to confirm, whatever the role."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`amount` whole units, always positive; `reason` is for the audit and the player's history."""

    account: str
    direction: Direction
    currency: Currency
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """An adjustment that waits for a second administrator, for at most a day.

    `intent` is the audit record that proposed it, `decided_in` the one that decided.
    """

    id: str
    adjustment: Adjustment
    proposed_by: str
    proposed_ms: int
    intent: str
    state: Literal["pending", "confirmed", "rejected"] = "pending"
    decided_by: str = ""
    decided_in: str = ""
    revision: int = 1


def check_role_limit(role: Role, adjustment: Adjustment) -> None:
    """Raise Refused `adjustment_above_limit` beyond the role's limit."""
    limit = ROLE_LIMITS[role][adjustment.currency]
    if adjustment.amount > limit:
        raise Refused(
            "Your role may not move that much at once",
            code="adjustment_above_limit",
            extra={"limit": str(limit), "currency": adjustment.currency},
        )


def needs_second(adjustment: Adjustment) -> bool:
    """Whether another administrator has to confirm it."""
    return adjustment.amount > SECOND_APPROVAL_ABOVE[adjustment.currency]


def check_may_decide(proposal: Proposal, *, admin_id: str, now_ms: int) -> None:
    """Raise Refused `second_admin_required`, `proposal_expired` or `proposal_decided`."""
    if proposal.state != "pending":
        raise Refused(
            "This proposal was decided already", code="proposal_decided", extra={"state": proposal.state}
        )
    if now_ms - proposal.proposed_ms > PROPOSAL_VALID_MS:
        raise Refused("This proposal is more than a day old: propose it anew", code="proposal_expired")
    if proposal.proposed_by == admin_id:
        raise Refused("Another administrator has to confirm it", code="second_admin_required")


def debt_of(player: Player, currency: str) -> int:
    """What the player owes, in whole units."""
    return int(player.state.get("debt", {}).get(currency, 0))


def decide_adjustment(
    player: Player, adjustment: Adjustment, *, by: str, emission_block: str | None
) -> Decision:
    """The row of an adjustment. A credit pays the debt first and the balance with the rest.

    AIBA that is newly made counts against the administrators' daily budget: Declined
    `admin_cap_reached`, or `emission_paused`. Declined, too, is `balance_limit`: what was only raised
    would not bind whoever finishes a confirmation that died. The answer has balances and debt before
    and after.
    """
    ensure(0 < adjustment.amount <= INT64_MAX, "an adjustment moves a positive amount")
    if adjustment.direction == "debit":
        return _debit(player, adjustment, by=by)
    return _credit(player, adjustment, by=by, emission_block=emission_block)


def decide_debt_settlement(player: Player, currency: Currency, *, by: str, reason: str) -> Decision:
    """Pay as much of the debt as the balance holds; Declined `no_debt`, or `insufficient_funds`."""
    debt, have = debt_of(player, currency), player.balance(currency)
    if debt == 0:
        return Declined(SETTLE_DEBT_KIND, "no_debt", "There is no debt in this currency")
    if have == 0:
        extra = {"need": str(debt), "have": "0", "currency": currency}
        return Declined(SETTLE_DEBT_KIND, "insufficient_funds", "There is nothing to pay it with", extra)
    paid = min(debt, have)
    return _row(
        player, SETTLE_DEBT_KIND, currency, moved=-paid, debt=debt - paid, told={"by": by, "reason": reason}
    )


def _debit(player: Player, adjustment: Adjustment, *, by: str) -> Decision:
    taken = min(adjustment.amount, player.balance(adjustment.currency))
    debt = debt_of(player, adjustment.currency) + adjustment.amount - taken
    if debt > INT64_MAX:
        return Declined(
            ADJUST_KIND, "balance_limit", "The debt would pass its limit", {"max": str(INT64_MAX)}
        )
    told = {"by": by, "reason": adjustment.reason, "asked": str(-adjustment.amount)}
    return _row(player, ADJUST_KIND, adjustment.currency, moved=-taken, debt=debt, told=told)


def _credit(player: Player, adjustment: Adjustment, *, by: str, emission_block: str | None) -> Decision:
    debt = debt_of(player, adjustment.currency)
    paid = min(debt, adjustment.amount)
    given = adjustment.amount - paid
    if player.balance(adjustment.currency) + given > INT64_MAX:
        return Declined(
            ADJUST_KIND, "balance_limit", "The balance would pass its limit", {"max": str(INT64_MAX)}
        )
    is_rationed = adjustment.currency == "AIBA" and given > 0
    if is_rationed and emission_block is not None:
        code = "admin_cap_reached" if emission_block == "cap_reached" else emission_block
        return Declined(
            ADJUST_KIND, code, "Administrators may give no more AIBA now: try later with a new key"
        )
    emissions = (Emission(ADMIN_AIBA, given),) if is_rationed else ()
    told = {"by": by, "reason": adjustment.reason, "asked": str(adjustment.amount)}
    return _row(
        player,
        ADJUST_KIND,
        adjustment.currency,
        moved=given,
        debt=debt - paid,
        told=told,
        emissions=emissions,
    )


def _row(
    player: Player,
    kind: str,
    currency: Currency,
    *,
    moved: int,
    debt: int,
    told: Mapping[str, str],
    emissions: tuple[Emission, ...] = (),
) -> Accepted:
    before, owed = player.balance(currency), debt_of(player, currency)
    answer: dict[str, Any] = {
        **told,
        "row": f"{player.id}:{player.seq + 1}",
        "currency": currency,
        "before": {"balance": str(before), "debt": str(owed)},
        "after": {"balance": str(before + moved), "debt": str(debt)},
    }
    legs = (Leg(player.id, currency, moved), Leg(ADJUSTMENTS, currency, -moved)) if moved else ()
    return Accepted(
        kind,
        answer,
        legs=legs,
        changes={f"debt.{currency}": debt} if debt != owed else {},
        emissions=emissions,
    )
