"""Bags of cells: how a tree of cells becomes bytes, and a strict, bounded reader of foreign ones.

Layout: `serialized_boc#b5ee9c72` of crypto/tl/boc.tlb. The reader takes one root and ordinary cells
only; whatever it is given, it ends in time linear in the bytes with a cell or a Refused.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import Refused, ensure
from shared.domain.ton.cell import MAX_DEPTH, MAX_REFERENCES, Cell

MAGIC: Final = bytes.fromhex("b5ee9c72")
MAX_BYTES: Final = 65_536
MAX_CELLS: Final = 1_024

_HAS_INDEX: Final = 0x80
_HAS_CRC: Final = 0x40
_HAS_CACHE_BITS: Final = 0x20


def write_boc(root: Cell) -> bytes:
    """Serialise `root` without index and with CRC-32C; equal cells are stored once."""
    cells = _in_order(root)
    ensure(len(cells) <= MAX_CELLS, f"a bag we write has at most {MAX_CELLS} cells")
    size = 1 if len(cells) < 256 else 2
    position = {cell.hash: index for index, cell in enumerate(cells)}
    body = b"".join(
        cell.descriptor
        + cell.data
        + b"".join(position[child.hash].to_bytes(size, "big") for child in cell.references)
        for cell in cells
    )
    width = (len(body).bit_length() + 7) // 8
    counts = b"".join(count.to_bytes(size, "big") for count in (len(cells), 1, 0))
    root_index = bytes(size)
    head = MAGIC + bytes((_HAS_CRC | size, width)) + counts + len(body).to_bytes(width, "big") + root_index
    return head + body + _crc32c(head + body).to_bytes(4, "little")


def write_boc_base64(root: Cell) -> str:
    """As `write_boc`, in standard base64 with padding, the form TonConnect and toncenter take."""
    return base64.b64encode(write_boc(root)).decode()


def read_boc(octets: bytes, *, max_bytes: int = MAX_BYTES, max_cells: int = MAX_CELLS) -> Cell:
    """Parse a foreign bag of cells and return its only root.

    An index is skipped: it repeats what the cells say, and a library of the field writes it wrong.
    Raises Refused `invalid_boc`: too large, another magic, wrong lengths or checksum, several roots,
    exotic, levelled or pruned cells, a reference backwards (so no cycles), cells nobody refers to,
    an overlong completion tag, deeper than 1024.
    """
    if len(octets) > max_bytes:
        raise _invalid(f"a bag of cells is at most {max_bytes} bytes")
    header = _read_header(octets, max_cells)
    return _link(_read_cells(octets[header.start : header.end], header))


def read_boc_base64(text: object, *, max_bytes: int = MAX_BYTES, max_cells: int = MAX_CELLS) -> Cell:
    """Parse standard base64 with padding; refusals as `read_boc`, code `invalid_boc`."""
    if not isinstance(text, str) or len(text) > (max_bytes + 2) // 3 * 4:
        raise _invalid("a bag of cells is a base64 string of bounded length")
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid("a bag of cells is base64") from error
    return read_boc(octets, max_bytes=max_bytes, max_cells=max_cells)


def _in_order(root: Cell) -> list[Cell]:
    """Every distinct cell once, each before all it refers to: reversed post-order, without recursion."""
    done: dict[bytes, Cell] = {}
    stack: list[tuple[Cell, bool]] = [(root, False)]
    while stack:
        cell, is_expanded = stack.pop()
        if is_expanded:
            done.setdefault(cell.hash, cell)
        elif cell.hash not in done:
            stack.append((cell, True))
            # The first reference is visited last and therefore stands first behind its parent.
            stack.extend((child, False) for child in cell.references)
    return list(reversed(done.values()))


@dataclass(frozen=True, slots=True)
class _Header:
    """`start` and `end` bound the cells' bytes; `size` is the width of a reference in bytes."""

    cells: int
    size: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _StoredCell:
    bits: int
    bit_length: int
    references: tuple[int, ...]


def _read_header(octets: bytes, max_cells: int) -> _Header:
    if len(octets) < 6 or octets[:4] != MAGIC:
        raise _invalid("a bag of cells opens with b5ee9c72")
    flags, size, width = octets[4] & 0xF8, octets[4] & 0x07, octets[5]
    if flags & 0x18 or not 1 <= size <= 4 or not 1 <= width <= 8:
        raise _invalid("a bag's flags and widths are those of boc.tlb")
    if flags & _HAS_CACHE_BITS and not flags & _HAS_INDEX:
        raise _invalid("cache bits live in an index")
    start = 6 + 4 * size + width
    count, roots, absent = (_number(octets, 6 + i * size, size) for i in range(3))
    body = _number(octets, 6 + 3 * size, width)
    root = _number(octets, 6 + 3 * size + width, size)
    if roots != 1 or absent != 0 or root != 0 or not 1 <= count <= max_cells:
        raise _invalid(f"a bag has one root, which comes first, and at most {max_cells} cells")
    if flags & _HAS_INDEX:
        start += count * width
    checksum = 4 if flags & _HAS_CRC else 0
    if start + body + checksum != len(octets):
        raise _invalid("a bag is as long as it says")
    if checksum and octets[-4:] != _crc32c(octets[:-4]).to_bytes(4, "little"):
        raise _invalid("a bag's checksum is right")
    return _Header(count, size, start, start + body)


def _read_cells(octets: bytes, header: _Header) -> list[_StoredCell]:
    cells, at = [], 0
    for _ in range(header.cells):
        cell, at = _read_cell(octets, at, header.size)
        cells.append(cell)
    if at != len(octets):
        raise _invalid("nothing follows the last cell")
    return cells


def _read_cell(octets: bytes, at: int, size: int) -> tuple[_StoredCell, int]:
    if at + 2 > len(octets):
        raise _invalid("a cell has two descriptor bytes")
    references, data = octets[at], octets[at + 1]
    if references > MAX_REFERENCES:
        raise _invalid("only ordinary cells of level 0 without stored hashes")
    at += 2
    length = (data + 1) // 2
    end = at + length + references * size
    if end > len(octets):
        raise _invalid("a cell is whole")
    bits = int.from_bytes(octets[at : at + length], "big")
    bit_length = 8 * length
    if data % 2:
        if octets[at + length - 1] & 0x7F == 0:
            raise _invalid("the completion tag stands in the last byte and completes something")
        tag = (bits & -bits).bit_length()
        bits >>= tag
        bit_length -= tag
    at += length
    children = tuple(_number(octets, at + i * size, size) for i in range(references))
    return _StoredCell(bits, bit_length, children), end


def _link(stored: list[_StoredCell]) -> Cell:
    """Build from the last cell to the first: references point forwards only."""
    built: dict[int, Cell] = {}
    referred = {0}
    for index in range(len(stored) - 1, -1, -1):
        cell = stored[index]
        if any(child not in built for child in cell.references):
            raise _invalid("a cell refers only to cells after it")
        children = tuple(built[child] for child in cell.references)
        if any(child.depth >= MAX_DEPTH for child in children):
            raise _invalid(f"a bag is at most {MAX_DEPTH} levels deep")
        referred.update(cell.references)
        built[index] = Cell(cell.bits, cell.bit_length, children)
    if len(referred) != len(stored):
        raise _invalid("every cell is reachable from the root")
    return built[0]


def _number(octets: bytes, at: int, width: int) -> int:
    return int.from_bytes(octets[at : at + width], "big")


def _crc32c_table() -> tuple[int, ...]:
    table = []
    for octet in range(256):
        register = octet
        for _ in range(8):
            register = register >> 1 ^ 0x82F63B78 if register & 1 else register >> 1
        table.append(register)
    return tuple(table)


_CRC32C: Final = _crc32c_table()


def _crc32c(octets: bytes) -> int:
    register = 0xFFFFFFFF
    for octet in octets:
        register = _CRC32C[(register ^ octet) & 0xFF] ^ register >> 8
    return register ^ 0xFFFFFFFF


def _invalid(detail: str) -> Refused:
    return Refused(detail, code="invalid_boc")
