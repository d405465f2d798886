"""Ordinary TON cells: up to 1023 bits and four references, their hash, and a strict builder.

Representation and hash are those of the TON whitepaper 3.1 (a level-0 ordinary cell):
sha256(d1 d2 data depths hashes), data completed by a one and zeros to whole bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, Self

from shared.domain.errors import ensure
from shared.domain.ton.address import Address

MAX_BITS: Final = 1023
MAX_REFERENCES: Final = 4
MAX_DEPTH: Final = 1024


@dataclass(frozen=True, slots=True)
class Cell:
    """`bits` as one big-endian integer of `bit_length` bits; `hash` is 32 bytes; a leaf has depth 0.

    The hash is made once at construction, and equality is equality of hashes: a tree of shared
    cells is exponentially larger than its bytes, so nothing here may walk it.
    """

    bits: int = field(compare=False, repr=False)
    bit_length: int = field(compare=False)
    references: tuple[Cell, ...] = field(default=(), compare=False, repr=False)
    depth: int = field(init=False, compare=False)
    hash: bytes = field(init=False)

    def __post_init__(self) -> None:
        ensure(0 <= self.bit_length <= MAX_BITS, "a cell has at most 1023 bits")
        ensure(self.bits >= 0 and self.bits >> self.bit_length == 0, "a cell's bits fit its length")
        ensure(len(self.references) <= MAX_REFERENCES, "a cell has at most four references")
        depth = 1 + max((child.depth for child in self.references), default=-1)
        ensure(depth <= MAX_DEPTH, "a cell is at most 1024 levels deep")
        object.__setattr__(self, "depth", depth)
        parts = [self.descriptor, self.data]
        parts += [child.depth.to_bytes(2, "big") for child in self.references]
        parts += [child.hash for child in self.references]
        object.__setattr__(self, "hash", hashlib.sha256(b"".join(parts)).digest())

    @property
    def descriptor(self) -> bytes:
        """Two bytes: the number of references, and whole plus started bytes of data."""
        return bytes((len(self.references), self.bit_length // 8 + (self.bit_length + 7) // 8))

    @property
    def data(self) -> bytes:
        """The bits in whole bytes; an incomplete last byte is completed by a one and zeros."""
        padding = -self.bit_length % 8
        completed = self.bits << padding | (1 << padding >> 1)
        return completed.to_bytes((self.bit_length + 7) // 8, "big")


class CellBuilder:
    """Writes fields one after another; a value that does not fit exactly raises InvariantBroken.

    The libraries of the field write `True` as 1, 1.5 as 1 and -1 as 0; what is signed here must
    be what was meant, so only a real `int` in range is written.
    """

    __slots__ = ("_bit_length", "_bits", "_references")

    def __init__(self) -> None:
        self._bits = 0
        self._bit_length = 0
        self._references: list[Cell] = []

    def unsigned(self, value: int, *, bits: int) -> Self:
        """An unsigned big-endian integer of exactly `bits` bits."""
        ensure(type(value) is int, "an integer field takes an int, not a bool or a float")
        ensure(value >= 0 and value >> bits == 0, f"an unsigned field holds 0 to 2^{bits} - 1")
        ensure(self._bit_length + bits <= MAX_BITS, "a cell has at most 1023 bits")
        self._bits = self._bits << bits | value
        self._bit_length += bits
        return self

    def signed(self, value: int, *, bits: int) -> Self:
        """A two's complement integer of exactly `bits` bits."""
        ensure(type(value) is int, "an integer field takes an int, not a bool or a float")
        ensure(-(1 << bits - 1) <= value < 1 << bits - 1, f"a signed field fits {bits} bits")
        return self.unsigned(value & (1 << bits) - 1, bits=bits)

    def octets(self, value: bytes) -> Self:
        """Whole bytes as they are."""
        ensure(type(value) is bytes, "an octet field takes bytes")
        return self.unsigned(int.from_bytes(value, "big"), bits=8 * len(value))

    def coins(self, amount: int) -> Self:
        """VarUInteger 16: four bits of byte length, then the shortest big-endian form; below 2^120."""
        ensure(type(amount) is int, "coins take an int, not a bool or a float")
        # Four bits hold at most 15 bytes, so a larger amount does not fit its own length field.
        length = (amount.bit_length() + 7) // 8
        return self.unsigned(length, bits=4).unsigned(amount, bits=8 * length)

    def address(self, address: Address) -> Self:
        """addr_std without anycast: 267 bits."""
        ensure(type(address) is Address, "an address field takes an Address")
        return self.unsigned(0b100, bits=3).signed(address.workchain, bits=8).octets(address.hash)

    def no_address(self) -> Self:
        """addr_none: two zero bits."""
        return self.unsigned(0, bits=2)

    def reference(self, cell: Cell) -> Self:
        ensure(len(self._references) < MAX_REFERENCES, "a cell has at most four references")
        self._references.append(cell)
        return self

    def build(self) -> Cell:
        return Cell(self._bits, self._bit_length, tuple(self._references))
