"""Every change by an administrator: the intent is written first, then it happens, then how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.admin_records import (
    INTENT_KIND,
    INTENT_VALID_MS,
    Change,
    Intent,
    Order,
    intent_effect,
    intent_of,
    login_effect,
    outcome_answer,
    outcome_effect,
    outcome_name,
)
from shared.domain.errors import Refused, Unavailable, ensure
from shared.domain.ledger import SYSTEM_FINGERPRINT, Accepted, Row, client_key, system_key

if TYPE_CHECKING:
    from shared.domain.admins import Admin
    from shared.services.commit import Committer

OPEN_AFTER_MS: Final = 300_000
OPEN_LIMIT: Final = 200

Trace = Callable[[str, Intent], bool]
"""Whether the intent's effect is there, by the name behind its trace's colon; what follows is completed."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, with which request, from which address."""

    admin: Admin
    request_id: str
    address: str


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The client's Idempotency-Key, and the fingerprint of the request it came with."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """A ledger of its own, one account per administrator: the commit protocol chains and orders it.

    `traces` find out about effects by kind.
    """

    committer: Committer
    traces: Mapping[str, Trace]

    def open_account(self, admin_id: str) -> None:
        """An administrator's empty chain; exists from their first log-in on."""
        self.committer.store.create_player(admin_id, now_ms=self.committer.clock.now_ms())

    def record_login(self, admin_id: str, *, token_id: str, request_id: str, address: str) -> None:
        """Write down that a session begins. Raises Unavailable; the session then does not."""
        self.open_account(admin_id)
        effect = login_effect(request_id=request_id, address=address)
        self.committer.commit(
            account=admin_id,
            key=system_key(admin_id, f"login:{token_id}"),
            fingerprint=SYSTEM_FINGERPRINT,
            decide=lambda _: effect,
            scope=None,
        )

    def has_happened(self, intent: Intent) -> bool:
        """Whether the intent's effect is there."""
        kind, _, name = intent.order.trace.partition(":")
        ensure(kind in self.traces, f"effects of kind {kind} can be found")
        return self.traces[kind](name, intent)


@dataclass(frozen=True, slots=True)
class Audited:
    """How an order ended; the same key answers the same for ever."""

    is_replay: bool
    row: Row

    def answer(self) -> dict[str, Any]:
        """What was done; a recorded refusal is raised with its stored words."""
        result, answer = outcome_answer(self.row)
        if result == "done":
            return answer
        extra = {**answer.get("extra", {}), "isReplay": self.is_replay}
        raise Refused(answer["detail"], code=answer["code"], extra=extra)


def carry_out(
    trail: AuditTrail, actor: Actor, order: Order, request: RequestKey, act: Callable[[Intent], Change]
) -> Audited:
    """Write the intent, act, write the outcome. `act` is idempotent per intent and may be called again.

    If the intent cannot be written nothing happens; if `act` or the outcome cannot be finished, the
    same key continues, and after five minutes the janitor writes down what it finds. Raises Unavailable,
    Refused `idempotency_key_reused`; a refusal of `act` is recorded and told by Audited.answer.
    """
    intent, known = _begin(trail, actor, order, request)
    if known is not None:
        return Audited(is_replay=True, row=known)
    age_ms = trail.committer.clock.now_ms() - intent.at_ms
    if age_ms > INTENT_VALID_MS and not trail.has_happened(intent):
        if age_ms < OPEN_AFTER_MS:
            # A copy of this request may have begun in time and be at it still.
            raise Unavailable("This was begun: ask again in some minutes", code="intent_under_way")
        return Audited(is_replay=False, row=_finish(trail, intent, _abandoned(intent)))
    try:
        change = act(intent)
    except Refused as refused:
        # Recorded, not swallowed: Audited.answer raises it, now and whenever the key is sent again.
        refusal = {"code": refused.code, "detail": refused.detail, "extra": refused.extra}
        row = _finish(trail, intent, outcome_effect(intent, "refused", refusal=refusal))
    else:
        row = _finish(trail, intent, outcome_effect(intent, "done", change=change))
    return Audited(is_replay=False, row=row)


def complete_admin_intents(trail: AuditTrail) -> int:
    """The janitor's part: write the outcome of intents whose request died; answers how many.

    After five minutes nothing of a request is under way: the function itself ends after 20 seconds and
    begins nothing for an intent older than two minutes.
    """
    completed = 0
    for row in trail.committer.store.open_rows(limit=OPEN_LIMIT):
        if row.kind != INTENT_KIND or trail.committer.clock.now_ms() - row.ts_ms < OPEN_AFTER_MS:
            continue
        intent = intent_of(row)
        found = Change({"completedBy": "janitor"})
        effect = outcome_effect(intent, "done", change=found)
        _finish(trail, intent, effect if trail.has_happened(intent) else _abandoned(intent))
        completed += 1
    return completed


def _begin(trail: AuditTrail, actor: Actor, order: Order, request: RequestKey) -> tuple[Intent, Row | None]:
    """The intent, and its outcome when it has one already."""
    admin = actor.admin
    effect = intent_effect(order, role=admin.role, request_id=actor.request_id, address=actor.address)
    outcome = trail.committer.commit(
        account=admin.id,
        key=client_key(admin.id, request.key),
        fingerprint=request.fingerprint,
        decide=lambda _: effect,
        scope=None,
    )
    intent = intent_of(outcome.row)
    if not outcome.is_replay:
        return intent, None
    known = trail.committer.store.row_by_key(system_key(admin.id, outcome_name(intent)))
    if known is not None and outcome.row.is_open:
        trail.committer.store.close_row(outcome.row)
    return intent, known


def _finish(trail: AuditTrail, intent: Intent, effect: Accepted) -> Row:
    """The outcome that stands, ours or whoever's came first; then the intent is no longer open."""
    store = trail.committer.store
    outcome = trail.committer.commit(
        account=intent.admin_id,
        key=system_key(intent.admin_id, outcome_name(intent)),
        fingerprint=SYSTEM_FINGERPRINT,
        decide=lambda _: effect,
        scope=None,
    )
    row = store.row_at(intent.admin_id, intent.seq)
    ensure(row is not None, "an outcome has its intent")
    assert row is not None  # noqa: S101 - said again for the type checker
    store.close_row(row)
    return outcome.row


def _abandoned(intent: Intent) -> Accepted:
    refusal = {
        "code": "intent_expired",
        "detail": "This was never carried out: use a new key to try again",
        "extra": {"intent": intent.id},
    }
    return outcome_effect(intent, "not_done", refusal=refusal)
