"""Claims the vault refused, read from its own newest transactions: a hint for people, never a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.adapters import toncenter_answers as read
from shared.adapters.toncenter_answers import agree
from shared.domain.errors import Refused, Unavailable
from shared.domain.ton.cell_reader import CellReader
from shared.domain.ton.claim_payload import REWARD_CLAIM
from shared.domain.ton.transaction import transaction_end
from shared.domain.ton_views import ClaimRejection

if TYPE_CHECKING:
    from shared.adapters.toncenter import Operation
    from shared.domain.ton.cell import Cell

PAGE: Final = 100
"""One page, no more: a missed hint costs nothing, and a flood of messages must not cost us the minute."""


def vault_rejections(ask: Operation, *, vault: str, since_s: int) -> list[ClaimRejection]:
    """API v2 getTransactions of the vault: aborted ones that a claim message began, newest first."""
    transactions = ask.call("getTransactions", address=vault, limit=PAGE)
    agree(isinstance(transactions, list), "bad_transactions")
    found: list[ClaimRejection] = []
    for transaction in transactions:
        if read.whole(transaction, "utime") < since_s:
            break
        rejection = _rejection(transaction)
        if rejection is not None:
            found.append(rejection)
    return found


def _rejection(transaction: Any) -> ClaimRejection | None:
    body = _claim_body(read.field(transaction, "in_msg"))
    recorded = None if body is None else _readable(transaction, "data")
    if body is None or recorded is None:
        return None
    try:
        end = transaction_end(recorded)
    except Refused as refusal:
        raise read.doubt("bad_transaction") from refusal
    if not end.is_aborted:
        return None
    return ClaimRejection(
        body_hash=body.hash.hex(),
        exit_code=end.exit_code,
        time_s=read.whole(transaction, "utime"),
        transaction_hash=read.transaction_id(transaction, "transaction_id").hash,
    )


def _claim_body(message: Any) -> Cell | None:
    """The body of a claim message; None for any other message, whose body may be anything."""
    data = read.field(message, "msg_data")
    if not isinstance(data, dict) or not data.get("body"):
        return None
    body = _readable(data, "body")
    if body is None:
        return None
    try:
        is_claim = CellReader(body).unsigned(bits=32) == REWARD_CLAIM
    except Refused:
        return None
    return body if is_claim else None


def _readable(holder: Any, name: str) -> Cell | None:
    """None for a cell that is too large or exotic for us: anybody may send one, and it hides nobody's hint."""
    try:
        return read.cell(holder, name)
    except Unavailable:
        return None
