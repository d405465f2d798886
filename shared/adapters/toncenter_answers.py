"""Reads toncenter's JSON strictly: a field that is not exactly what it should be is a doubt, not a value."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.domain.errors import Refused, Unavailable
from shared.domain.ton.address import read_address
from shared.domain.ton.boc import read_boc_base64
from shared.domain.ton.cell_reader import CellReader

if TYPE_CHECKING:
    from shared.domain.ton.cell import Cell

_HEX_NUMBER = re.compile(r"-?0x[0-9a-fA-F]{1,64}\Z", re.ASCII)
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,77})\Z", re.ASCII)
MASTERCHAIN: Final = -1


def doubt(reason: str) -> Unavailable:
    """The one error of a provider: no decision may rest on it. `extra.reason` is for logs, never for clients."""
    return Unavailable(
        "The TON provider gave no usable answer", code="provider_unavailable", extra={"reason": reason}
    )


@dataclass(frozen=True, slots=True)
class BlockId:
    """ton.blockIdExt: which block, and by its hashes in which history."""

    workchain: int
    shard: str
    seqno: int
    root_hash: str
    file_hash: str


@dataclass(frozen=True, slots=True)
class TransactionId:
    """internal.transactionId: an account's state is the one after exactly this transaction."""

    logical_time: int
    hash: str


def field(document: Any, name: str) -> Any:
    """`document[name]`, which must exist."""
    if not isinstance(document, dict) or name not in document:
        raise doubt(f"no_{name}")
    return document[name]


def text(document: Any, name: str) -> str:
    """A non-empty string."""
    value = field(document, name)
    if not isinstance(value, str) or not value:
        raise doubt(f"bad_{name}")
    return value


def whole(document: Any, name: str) -> int:
    """A JSON integer of any sign that 32 bits can hold, as TON's block numbers, times and codes are.

    JSON knows no limit, but the database does, and the driver's own error would end a whole run.
    """
    value = field(document, name)
    if type(value) is not int or not -(1 << 31) <= value < 1 << 32:
        raise doubt(f"bad_{name}")
    return value


def decimal(document: Any, name: str) -> int:
    """A non-negative integer written as a decimal string, as toncenter writes amounts."""
    value = field(document, name)
    if not isinstance(value, str) or _DECIMAL.match(value) is None:
        raise doubt(f"bad_{name}")
    return int(value)


def flag(document: Any, name: str) -> bool:
    """A JSON boolean."""
    value = field(document, name)
    if type(value) is not bool:
        raise doubt(f"bad_{name}")
    return value


def rows(document: Any, name: str) -> list[Any]:
    """A JSON array."""
    value = field(document, name)
    if not isinstance(value, list):
        raise doubt(f"bad_{name}")
    return value


def account(document: Any, name: str) -> str:
    """An account's canonical raw address, from any written form."""
    try:
        return read_address(field(document, name)).address.raw
    except Refused as refusal:
        raise doubt(f"bad_{name}") from refusal


def digest(document: Any, name: str) -> str:
    """A base64 field of 32 bytes, as it is written."""
    value = text(document, name)
    try:
        octets = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise doubt(f"bad_{name}") from error
    if len(octets) != 32:
        raise doubt(f"bad_{name}")
    return value


def cell(document: Any, name: str) -> Cell:
    """A bag of cells in base64."""
    try:
        return read_boc_base64(field(document, name))
    except Refused as refusal:
        raise doubt(f"bad_{name}") from refusal


def block_id(document: Any, name: str) -> BlockId:
    """A masterchain block's identity."""
    block = field(document, name)
    found = BlockId(
        workchain=whole(block, "workchain"),
        shard=text(block, "shard"),
        seqno=whole(block, "seqno"),
        root_hash=text(block, "root_hash"),
        file_hash=text(block, "file_hash"),
    )
    agree(found.workchain == MASTERCHAIN and found.seqno > 0, "not_a_masterchain_block")
    return found


def transaction_id(document: Any, name: str) -> TransactionId:
    """The last transaction of an account."""
    transaction = field(document, name)
    return TransactionId(decimal(transaction, "lt"), digest(transaction, "hash"))


def stack_number(stack: Sequence[Any], at: int) -> int:
    """["num", "0x2a"] or ["num", "-0x1"]."""
    value = _stack_value(stack, at, "num")
    if not isinstance(value, str) or _HEX_NUMBER.match(value) is None:
        raise doubt("bad_stack_number")
    return int(value, 16)


def stack_address(stack: Sequence[Any], at: int) -> str:
    """["cell", {"bytes": <BoC>}]: toncenter writes a slice as the cell of what is left in it."""
    try:
        reader = CellReader(cell(_stack_value(stack, at, "cell"), "bytes"))
        address = reader.address()
        reader.finish()
    except Refused as refusal:
        raise doubt("bad_stack_address") from refusal
    return address.raw


def agree(condition: object, reason: str) -> None:
    """Raise a doubt unless two parts of the answers agree."""
    if not condition:
        raise doubt(reason)


def _stack_value(stack: Sequence[Any], at: int, kind: str) -> Any:
    entry = stack[at] if at < len(stack) else None
    if not isinstance(entry, list) or len(entry) != 2 or entry[0] != kind:
        raise doubt("bad_stack")
    return entry[1]
