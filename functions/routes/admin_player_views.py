"""How players and what is done to them look to administrators."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from functions.edge.models import Amount, IdempotentBody, Time, View
from functions.routes.admin_forms import Balances, Reason, Until
from functions.routes.economy_views import PostingView
from functions.routes.game_views import BattleView, BrokerView
from shared.domain.bans import BanScope
from shared.domain.money import Currency

PositiveAmount = Annotated[
    str, Field(pattern=r"^[1-9][0-9]{0,18}$", description="Whole units above nothing, as a decimal string")
]


class BanBody(IdempotentBody):
    """What to stop, until when and why."""

    scope: BanScope
    until: Until = None
    reason: Reason


class UnbanBody(IdempotentBody):
    """Which ban ends, and why."""

    scope: BanScope
    reason: Reason


class BrokerBanBody(IdempotentBody):
    """Until when a broker is stopped, and why."""

    until: Until = None
    reason: Reason


class ReasonBody(IdempotentBody):
    """Why."""

    reason: Reason


class NoteBody(IdempotentBody):
    """A note for other administrators."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


class AdjustBody(IdempotentBody):
    """A correction of one balance."""

    direction: Literal["credit", "debit"]
    currency: Currency
    amount: PositiveAmount
    reason: Reason


class SettleDebtBody(IdempotentBody):
    """Whose currency's debt is to be paid from the balance."""

    currency: Currency
    reason: Reason


class PlayerSummary(View):
    """A player in a list."""

    id: str
    alias: str
    balances: Balances
    escrow: Balances
    debt: Balances
    is_banned: bool


class PlayerList(View):
    """Players that were found, at most 50."""

    items: list[PlayerSummary]


class AdminClaimView(View):
    """A claim."""

    id: str
    account: str
    state: str
    amount: Amount
    units: Amount
    wallet: str
    network: str
    seqno: str
    created_at: Time
    rule: str
    reason: str
    transaction_hash: str


class AdminClaimList(View):
    """Claims, the oldest first."""

    items: list[AdminClaimView]


class AdminBanView(View):
    """A ban that is written down; without `until` it is for good."""

    scope: str
    reason: str
    by: str
    since: Time | None = None
    until: Time | None = None


class NoteView(View):
    """A note."""

    text: str
    by: str
    at: Time


class PlayerPage(PlayerSummary):
    """One player whole: what they have, did, were told and were given."""

    seq: int
    head: str
    last_row_at: Time
    referral_code: str
    wallet: str
    brokers: list[BrokerView]
    ledger: list[PostingView]
    battles: list[BattleView]
    claims: list[AdminClaimView]
    bans: list[AdminBanView]
    notes: list[NoteView]


class ModerationView(View):
    """What was written on a player, in which ledger row, and how it was before."""

    row: str
    before: dict[str, Any]
    after: dict[str, Any]
    scope: str | None = None
    broker_id: str | None = None
    by: str | None = None
    reason: str | None = None


class ProposalView(View):
    """An adjustment that needs a second administrator."""

    id: str
    state: str
    account: str
    direction: str
    currency: str
    amount: Amount
    reason: str
    proposed_by: str
    proposed_at: Time
    decided_by: str


class ProposalList(View):
    """Adjustments that wait, the oldest first."""

    items: list[ProposalView]


class AdjustmentResult(View):
    """The ledger row of an adjustment: what was asked, and balance and debt before and after."""

    row: str
    currency: str
    by: str
    reason: str
    asked: str | None = None
    before: Balances
    after: Balances


class AdjustmentView(View):
    """`state` is `done`, or `pending` while a second administrator has to confirm the proposal."""

    state: Literal["done", "pending"]
    result: AdjustmentResult | None = None
    proposal: ProposalView | None = None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> AdjustmentView:
        """Read the service's answer: a row, or a proposal."""
        if "row" in answer:
            return cls(state="done", result=AdjustmentResult.model_validate(answer))
        return cls(state="pending", proposal=ProposalView.model_validate(answer))


class DecisionView(View):
    """A proposal after it was decided, and what it moved."""

    proposal: ProposalView
    result: AdjustmentResult | None = None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> DecisionView:
        """Read the service's answer."""
        result = answer.pop("result", None)
        return cls(
            proposal=ProposalView.model_validate(answer),
            result=None if result is None else AdjustmentResult.model_validate(result),
        )
