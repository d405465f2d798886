"""How one transaction of an ordinary account ended, read from its bag of cells.

Layout: block.tlb, `transaction$0111` with `trans_ord$0000` (github.com/ton-blockchain/ton, crypto/block).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.errors import Refused
from shared.domain.ton.cell_reader import CellReader

if TYPE_CHECKING:
    from shared.domain.ton.cell import Cell

TRANSACTION_TAG: Final = 0b0111
ORDINARY_TAG: Final = 0b0000
ACCOUNT_BITS: Final = 256 + 64 + 256 + 64 + 32 + 15 + 2 + 2
"""account_addr, lt, prev_trans_hash, prev_trans_lt, now, outmsg_cnt, orig_status, end_status."""


@dataclass(frozen=True, slots=True)
class TransactionEnd:
    """`exit_code` is the contract's own, None when its code did not run."""

    exit_code: int | None
    is_aborted: bool


def transaction_end(transaction: Cell) -> TransactionEnd:
    """Read exit code and outcome of an ordinary transaction. Raises Refused `invalid_cell` for anything else."""
    reader = CellReader(transaction)
    if reader.unsigned(bits=4) != TRANSACTION_TAG:
        raise Refused("not a transaction", code="invalid_cell")
    _skip(reader, ACCOUNT_BITS)
    reader.reference()  # in_msg and out_msgs
    _currencies(reader)  # total_fees
    reader.reference()  # state_update
    return _ordinary_end(CellReader(reader.reference()))


def _ordinary_end(description: CellReader) -> TransactionEnd:
    if description.unsigned(bits=4) != ORDINARY_TAG:
        raise Refused("not an ordinary transaction", code="invalid_cell")
    description.unsigned(bits=1)  # credit_first
    if description.unsigned(bits=1):
        _storage_phase(description)
    if description.unsigned(bits=1):
        _maybe_coins(description)  # due_fees_collected
        _currencies(description)  # credit
    exit_code = _compute_exit_code(description)
    if description.unsigned(bits=1):
        description.reference()  # action phase
    return TransactionEnd(exit_code, is_aborted=description.unsigned(bits=1) == 1)


def _storage_phase(reader: CellReader) -> None:
    reader.coins()  # storage_fees_collected
    _maybe_coins(reader)  # storage_fees_due
    if reader.unsigned(bits=1):  # acst_unchanged$0, acst_frozen$10, acst_deleted$11
        reader.unsigned(bits=1)


def _compute_exit_code(reader: CellReader) -> int | None:
    if reader.unsigned(bits=1) == 0:  # tr_phase_compute_skipped: cskip_* of two bits, or 110 of three
        if reader.unsigned(bits=2) == 0b11:
            reader.unsigned(bits=1)
        return None
    reader.unsigned(bits=3)  # success, msg_state_used, account_activated
    reader.coins()  # gas_fees
    details = CellReader(reader.reference())
    for _ in range(2):  # gas_used and gas_limit: VarUInteger 7
        details.unsigned(bits=8 * details.unsigned(bits=3))
    if details.unsigned(bits=1):  # gas_credit: VarUInteger 3
        details.unsigned(bits=8 * details.unsigned(bits=2))
    details.unsigned(bits=8)  # mode
    code = details.unsigned(bits=32)
    return code - (1 << 32) if code >> 31 else code


def _currencies(reader: CellReader) -> None:
    """CurrencyCollection: coins, and a dictionary of extra currencies that may be there."""
    reader.coins()
    if reader.unsigned(bits=1):
        reader.reference()


def _maybe_coins(reader: CellReader) -> None:
    if reader.unsigned(bits=1):
        reader.coins()


def _skip(reader: CellReader, bits: int) -> None:
    reader.unsigned(bits=bits)
