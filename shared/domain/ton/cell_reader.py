"""Reads a foreign cell field by field; whatever is missing or left over is a Refused, never a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import Refused
from shared.domain.ton.address import Address

if TYPE_CHECKING:
    from shared.domain.ton.cell import Cell


class CellReader:
    """A cursor over one cell's bits and references. Every method raises Refused `invalid_cell`."""

    __slots__ = ("_bits_left", "_cell", "_next_reference")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._bits_left = cell.bit_length
        self._next_reference = 0

    def unsigned(self, *, bits: int) -> int:
        """The next `bits` bits as an unsigned big-endian integer."""
        if bits > self._bits_left:
            raise _invalid(f"the cell ends before a field of {bits} bits")
        self._bits_left -= bits
        return self._cell.bits >> self._bits_left & (1 << bits) - 1

    def octets(self, *, count: int) -> bytes:
        return self.unsigned(bits=8 * count).to_bytes(count, "big")

    def coins(self) -> int:
        """VarUInteger 16: four bits of byte length, then that many bytes."""
        return self.unsigned(bits=8 * self.unsigned(bits=4))

    def address(self) -> Address:
        """addr_std without anycast in workchain 0 or -1; any other kind of address is refused."""
        if self.unsigned(bits=3) != 0b100:
            raise _invalid("an address is addr_std without anycast")
        workchain = {0x00: 0, 0xFF: -1}.get(self.unsigned(bits=8))
        if workchain is None:
            raise _invalid("an address lies in workchain 0 or -1")
        return Address(workchain, self.octets(count=32))

    def reference(self) -> Cell:
        if self._next_reference == len(self._cell.references):
            raise _invalid("the cell has no further reference")
        self._next_reference += 1
        return self._cell.references[self._next_reference - 1]

    def finish(self) -> None:
        """Nothing may be left: trailing bits would be something we did not understand."""
        if self._bits_left or self._next_reference != len(self._cell.references):
            raise _invalid("the cell holds more than its fields")


def _invalid(detail: str) -> Refused:
    return Refused(detail, code="invalid_cell")
