"""What an administrator means to do and what became of it, as rows of the audit's own ledger.

Details are kept as JSON text, not as documents: a store may turn a float or a bool inside a document
into something else, and the record's hash has to survive it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.domain.calendar import iso_time
from shared.domain.ledger import Accepted, Row, admin_key

if TYPE_CHECKING:
    from shared.domain.admins import Role

INTENT_KIND: Final = "intent"
OUTCOME_KIND: Final = "outcome"
LOGIN_KIND: Final = "login"
INTENT_VALID_MS: Final = 120_000
"""An intent this old is never begun again; whoever finds it looks whether it happened."""

Result = Literal["done", "refused", "not_done"]


@dataclass(frozen=True, slots=True)
class Order:
    """What an administrator asks for. `parameters` never hold a secret.

    `trace` says where to see whether it happened: a kind and a name, e.g. `row:tg17` or `config:`.
    """

    action: str
    target: str
    parameters: Mapping[str, Any]
    trace: str


@dataclass(frozen=True, slots=True)
class Intent:
    """An order that was written down before anything happened."""

    id: str
    admin_id: str
    seq: int
    at_ms: int
    order: Order

    def row_key(self, account: str) -> str:
        """The stored key of this action's row on a player's account."""
        return admin_key(account, self.admin_id, self.id)


@dataclass(frozen=True, slots=True)
class Change:
    """What an action did: the answer to replay, and the target before and after it."""

    answer: Mapping[str, Any]
    before: Any = None
    after: Any = None


def intent_effect(order: Order, *, role: Role, request_id: str, address: str) -> Accepted:
    """The row that says what is about to be done, by whom and from where; open until its outcome stands."""
    answer = {
        "action": order.action,
        "target": order.target,
        "details": _text(dict(order.parameters)),
        "trace": order.trace,
        "role": role,
        "requestId": request_id,
        "address": address,
    }
    return Accepted(INTENT_KIND, answer, is_open=True)


def login_effect(*, request_id: str, address: str) -> Accepted:
    """The row of a log-in: a session that nobody could see beginning is never given out."""
    return Accepted(LOGIN_KIND, {"requestId": request_id, "address": address})


def intent_of(row: Row) -> Intent:
    """The intent its row holds."""
    answer = row.answer
    order = Order(answer["action"], answer["target"], json.loads(answer["details"]), answer["trace"])
    return Intent(row.id, row.account, row.seq, row.ts_ms, order)


def outcome_name(intent: Intent) -> str:
    """The system key of an intent's outcome: there is one, whoever writes it."""
    return f"outcome:{intent.seq}"


def outcome_effect(
    intent: Intent, result: Result, *, change: Change | None = None, refusal: Mapping[str, Any] | None = None
) -> Accepted:
    """The row that says how it ended."""
    done = change or Change({})
    answer = {
        "intent": intent.id,
        "result": result,
        "answer": _text(dict(done.answer if refusal is None else refusal)),
        "before": _text(done.before),
        "after": _text(done.after),
    }
    return Accepted(OUTCOME_KIND, answer)


def outcome_answer(row: Row) -> tuple[Result, dict[str, Any]]:
    """How it ended, and the answer or {code, detail, extra} of the refusal."""
    return row.answer["result"], json.loads(row.answer["answer"])


def record_document(row: Row) -> dict[str, Any]:
    """One record as administrators read it."""
    told: dict[str, Any] = {
        "id": row.id,
        "admin": row.account,
        "at": iso_time(row.ts_ms),
        "kind": row.kind,
        "hash": row.hash,
        "previousHash": row.previous_hash,
    }
    for name, value in row.answer.items():
        told[name] = json.loads(value) if name in ("details", "answer", "before", "after") else value
    return told


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
