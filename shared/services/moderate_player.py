"""An administrator writes on a player: a ban, its end, or a note; each is one row under an admin's key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.admin_records import Change, Intent, Order
from shared.domain.moderation import (
    check_until,
    decide_ban,
    decide_broker_ban,
    decide_broker_unban,
    decide_note,
    decide_unban,
)
from shared.services.admin_audit import Actor, Audited, AuditTrail, RequestKey, Trace, carry_out

if TYPE_CHECKING:
    from shared.domain.bans import BanScope
    from shared.domain.ledger import Decision
    from shared.ports.ledger import LedgerStore
    from shared.services.commit import Committer, DecisionContext

TRACE: Final = "row"


@dataclass(frozen=True, slots=True)
class PlayerDesk:
    """What writing on players needs."""

    committer: Committer
    trail: AuditTrail


@dataclass(frozen=True, slots=True)
class PlayerOrder:
    """An action of the table on one player, with its parameters for the audit."""

    action: str
    account: str
    parameters: Mapping[str, Any]


def ban_player(
    desk: PlayerDesk,
    actor: Actor,
    request: RequestKey,
    *,
    account: str,
    scope: BanScope,
    until_ms: int,
    reason: str,
) -> Audited:
    """Stop a player's actions of this scope until an instant, 0 for good. Refused `invalid_until`."""
    order = PlayerOrder("players.ban", account, {"scope": scope, "untilMs": until_ms, "reason": reason})
    by = actor.admin.id

    def decide(context: DecisionContext) -> Decision:
        check_until(until_ms, now_ms=context.now_ms)
        return decide_ban(
            context.player, scope, until_ms=until_ms, reason=reason, by=by, now_ms=context.now_ms
        )

    return write_on_player(desk, actor, order, request, decide)


def unban_player(
    desk: PlayerDesk, actor: Actor, request: RequestKey, *, account: str, scope: BanScope, reason: str
) -> Audited:
    """End a ban: a ban is undone by its opposite, and both stay in the player's history."""
    order = PlayerOrder("players.unban", account, {"scope": scope, "reason": reason})
    by = actor.admin.id
    return write_on_player(
        desk,
        actor,
        order,
        request,
        lambda context: decide_unban(context.player, scope, reason=reason, by=by),
    )


def ban_broker(
    desk: PlayerDesk,
    actor: Actor,
    request: RequestKey,
    *,
    account: str,
    broker_id: str,
    until_ms: int,
    reason: str,
) -> Audited:
    """Stop one broker from battles and actions. Refused `broker_not_found`, `invalid_until`."""
    parameters = {"brokerId": broker_id, "untilMs": until_ms, "reason": reason}
    order = PlayerOrder("players.banBroker", account, parameters)
    by = actor.admin.id

    def decide(context: DecisionContext) -> Decision:
        check_until(until_ms, now_ms=context.now_ms)
        return decide_broker_ban(context.player, broker_id, until_ms=until_ms, reason=reason, by=by)

    return write_on_player(desk, actor, order, request, decide)


def unban_broker(
    desk: PlayerDesk, actor: Actor, request: RequestKey, *, account: str, broker_id: str, reason: str
) -> Audited:
    """End a broker's ban."""
    order = PlayerOrder("players.unbanBroker", account, {"brokerId": broker_id, "reason": reason})
    by = actor.admin.id
    return write_on_player(
        desk,
        actor,
        order,
        request,
        lambda context: decide_broker_unban(context.player, broker_id, reason=reason, by=by),
    )


def note_player(desk: PlayerDesk, actor: Actor, request: RequestKey, *, account: str, text: str) -> Audited:
    """A note for other administrators."""
    order = PlayerOrder("players.note", account, {"text": text})
    by = actor.admin.id
    return write_on_player(
        desk,
        actor,
        order,
        request,
        lambda context: decide_note(context.player, text, by=by, now_ms=context.now_ms),
    )


def write_on_player(
    desk: PlayerDesk,
    actor: Actor,
    order: PlayerOrder,
    request: RequestKey,
    decide: Callable[[DecisionContext], Decision],
) -> Audited:
    """One row on the player's account, whoever repeats it; the row's answer has `before` and `after`."""

    def act(intent: Intent) -> Change:
        outcome = desk.committer.commit(
            account=order.account,
            key=intent.row_key(order.account),
            fingerprint=intent.id,
            decide=decide,
            scope=None,
        )
        answer = outcome.answer()
        answer["row"] = outcome.row.id
        return Change(answer, before=answer["before"], after=answer["after"])

    written = Order(order.action, f"player:{order.account}", order.parameters, f"{TRACE}:{order.account}")
    return carry_out(desk.trail, actor, written, request, act)


def row_trace(store: LedgerStore) -> Trace:
    """Whether the intent's row stands on the account; a recorded refusal says that it did not happen."""

    def has_happened(account: str, intent: Intent) -> bool:
        row = store.row_by_key(intent.row_key(account))
        return row is not None and row.ok

    return has_happened
