"""State inits of the wallets people use, and where each keeps its public key.

StateInit is block.tlb's; a wallet without libraries and special flags is the five bits 00110 with
code and data. Code hashes are those of the wallet contracts v3r1, v3r2, v4r2 and v5r1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.errors import Refused
from shared.domain.ton.boc import read_boc_base64
from shared.domain.ton.cell_reader import CellReader

if TYPE_CHECKING:
    from shared.domain.ton.address import Address
    from shared.domain.ton.cell import Cell

MAX_STATE_INIT_BYTES: Final = 8_192
MAX_STATE_INIT_CELLS: Final = 256
_CODE_AND_DATA: Final = 0b00110


@dataclass(frozen=True, slots=True)
class _WalletLayout:
    """`head_bits` before the 256-bit key; `tail_bits` after it (an empty dictionary's one zero bit).

    `can_forbid_signatures`: the first bit of v5 says whether the key may sign at all.
    """

    version: str
    head_bits: int
    tail_bits: int
    can_forbid_signatures: bool = False


_LAYOUTS: Final = {
    "b61041a58a7980b946e8fb9e198e3c904d24799ffa36574ea4251c41a566f581": _WalletLayout("v3r1", 64, 0),
    "84dafa449f98a6987789ba232358072bc0f76dc4524002a5d0918b9a75d2d599": _WalletLayout("v3r2", 64, 0),
    "feb5ff6820e2ff0d9483e7e0d62c817d846789fb4ae580c878866d959dabd5c0": _WalletLayout("v4r2", 64, 1),
    "20834b7b72b112147e1b2fb457b84e74d1a30f04f737d4f62a668e9552d2b72f": _WalletLayout(
        "v5r1", 65, 1, can_forbid_signatures=True
    ),
}


@dataclass(frozen=True, slots=True)
class WalletKey:
    """The 32-byte key a wallet was created with, and which contract it is."""

    public_key: bytes
    version: str


def wallet_key(state_init: object, *, address: Address) -> WalletKey:
    """Derive the key that controls `address` from its base64 state init.

    Because the address is the hash of the state init, nobody can show another one for it. Raises
    Refused `state_init_invalid` (not a bag of ordinary cells of at most 8 KiB, not a plain state
    init, or data that this contract never starts with), `state_init_mismatch` (another account's)
    and `wallet_unknown` (a contract whose key we cannot know, or one that forbids signatures).
    """
    root = _read_root(state_init)
    code, data = _code_and_data(root)
    if root.hash != address.hash:
        raise Refused("the state init belongs to another address", code="state_init_mismatch")
    layout = _LAYOUTS.get(code.hash.hex())
    if layout is None:
        raise Refused("this kind of wallet is not supported", code="wallet_unknown")
    return WalletKey(_initial_key(data, layout), layout.version)


def _read_root(state_init: object) -> Cell:
    try:
        return read_boc_base64(state_init, max_bytes=MAX_STATE_INIT_BYTES, max_cells=MAX_STATE_INIT_CELLS)
    except Refused as refusal:
        raise _invalid(refusal.detail) from refusal


def _code_and_data(root: Cell) -> tuple[Cell, Cell]:
    if (root.bits, root.bit_length, len(root.references)) != (_CODE_AND_DATA, 5, 2):
        raise _invalid("a wallet's state init is code and data, nothing else")
    return root.references[0], root.references[1]


def _initial_key(data: Cell, layout: _WalletLayout) -> bytes:
    """The key, from data that has exactly the shape a new wallet starts with."""
    reader = CellReader(data)
    try:
        head = reader.unsigned(bits=layout.head_bits)
        key = reader.octets(count=32)
        tail = reader.unsigned(bits=layout.tail_bits)
        reader.finish()
    except Refused as refusal:
        raise _invalid(f"{layout.version} starts with other data") from refusal
    if tail:
        raise _invalid(f"{layout.version} starts without plugins")
    if layout.can_forbid_signatures and not head >> layout.head_bits - 1:
        raise Refused("this wallet does not accept signatures of its key", code="wallet_unknown")
    return key


def _invalid(detail: str) -> Refused:
    return Refused(detail, code="state_init_invalid")
