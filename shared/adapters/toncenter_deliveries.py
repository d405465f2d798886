"""Jetton transfers out of the vault: from toncenter's index, or read from the wallet's own transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.adapters import toncenter_answers as read
from shared.adapters.toncenter_answers import TransactionId, agree
from shared.domain.errors import Refused
from shared.domain.ton.cell_reader import CellReader
from shared.domain.ton_views import Delivery

if TYPE_CHECKING:
    from shared.adapters.toncenter import Operation

INDEX_PAGE: Final = 256
TRANSACTIONS_PAGE: Final = 100
TRANSFER: Final = 0x0F8A7EA5
"""TEP-74 transfer, from the owner to its own jetton wallet."""
INTERNAL_TRANSFER: Final = 0x178D4519
"""TEP-74 internal_transfer, from that wallet to the recipient's; only a transfer that worked sends it."""


def indexed_deliveries(
    ask: Operation, *, vault: str, jetton_master: str, since_s: int, until_s: int | None
) -> list[Delivery]:
    """API v3, oldest first, every page. A row that is not about this vault, jetton and time is a doubt."""
    found: list[Delivery] = []
    end = {} if until_s is None else {"end_utime": until_s}
    while True:
        document = ask.index(
            "jetton/transfers",
            owner_address=vault,
            jetton_master=jetton_master,
            direction="out",
            start_utime=since_s,
            **end,
            sort="asc",
            limit=INDEX_PAGE,
            offset=len(found),
        )
        page = read.rows(document, "jetton_transfers")
        for row in page:
            delivery = _indexed(row, vault=vault, jetton_master=jetton_master)
            is_asked_for = since_s <= delivery.time_s and (until_s is None or delivery.time_s <= until_s)
            agree(is_asked_for, "transfer_of_another_time")
            found.append(delivery)
        if len(page) < INDEX_PAGE:
            return found


def _indexed(row: Any, *, vault: str, jetton_master: str) -> Delivery:
    agree(read.account(row, "source") == vault, "transfer_of_another_owner")
    agree(read.account(row, "jetton_master") == jetton_master, "transfer_of_another_jetton")
    return Delivery(
        query_id=read.decimal(row, "query_id"),
        recipient=read.account(row, "destination"),
        amount_units=read.decimal(row, "amount"),
        is_aborted=read.flag(row, "transaction_aborted"),
        time_s=read.whole(row, "transaction_now"),
        transaction_hash=read.digest(row, "transaction_hash"),
    )


def wallet_deliveries(ask: Operation, *, vault: str, wallet: str, since_s: int) -> list[Delivery]:
    """API v2, newest first until `since_s`: the vault's orders to its jetton wallet and what became of them.

    API v2 does not say whether a transaction was aborted; that the jettons were sent on does.
    """
    found: list[Delivery] = []
    last: TransactionId | None = None
    while True:
        position = {"lt": str(last.logical_time), "hash": last.hash} if last else {}
        page = ask.call("getTransactions", address=wallet, limit=TRANSACTIONS_PAGE, **position)
        agree(isinstance(page, list), "bad_transactions")
        for transaction in page:
            this = read.transaction_id(transaction, "transaction_id")
            if last is not None and this.logical_time >= last.logical_time:
                # A page opens with the transaction it was asked to continue from.
                continue
            last = this
            if read.whole(transaction, "utime") < since_s:
                return found
            delivery = _ordered(transaction, this, vault=vault)
            if delivery is not None:
                found.append(delivery)
        if len(page) < TRANSACTIONS_PAGE:
            return found


def _ordered(transaction: Any, this: TransactionId, *, vault: str) -> Delivery | None:
    order = read.field(transaction, "in_msg")
    if not read.field(order, "source") or read.account(order, "source") != vault:
        return None
    reader = _body(order)
    try:
        if reader.unsigned(bits=32) != TRANSFER:
            return None
        query_id, amount_units = reader.unsigned(bits=64), reader.coins()
        recipient = reader.address().raw
    except Refused as refusal:
        raise read.doubt("bad_transfer") from refusal
    return Delivery(
        query_id=query_id,
        recipient=recipient,
        amount_units=amount_units,
        is_aborted=not any(_is_sent_on(message, query_id) for message in read.rows(transaction, "out_msgs")),
        time_s=read.whole(transaction, "utime"),
        transaction_hash=this.hash,
    )


def _is_sent_on(message: Any, query_id: int) -> bool:
    try:
        reader = _body(message)
        return reader.unsigned(bits=32) == INTERNAL_TRANSFER and reader.unsigned(bits=64) == query_id
    except Refused:
        return False


def _body(message: Any) -> CellReader:
    return CellReader(read.cell(read.field(message, "msg_data"), "body"))
