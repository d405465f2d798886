"""Cells: limits of the builder and reader, and hashes judged by two other libraries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytoniq_core import Builder as PytoniqBuilder
from tonsdk.boc import Cell as TonsdkCell

from shared.domain.errors import InvariantBroken, Refused
from shared.domain.ton.address import Address
from shared.domain.ton.cell import MAX_DEPTH, Cell, CellBuilder
from shared.domain.ton.cell_reader import CellReader

BITS = st.text("01", max_size=1023)
LEAVES = st.builds(lambda bits: (bits, []), BITS)
TREES = st.recursive(LEAVES, lambda child: st.tuples(BITS, st.lists(child, max_size=4)), max_leaves=12)
SOMEONE = Address(-1, bytes(range(32)))


def ours(tree: Any) -> Cell:
    bits, children = tree
    return Cell(int(bits or "0", 2), len(bits), tuple(ours(child) for child in children))


def tonsdk(tree: Any) -> TonsdkCell:
    bits, children = tree
    cell = TonsdkCell()
    for bit in bits:
        cell.bits.write_bit(int(bit))
    for child in children:
        cell.refs.append(tonsdk(child))
    return cell


def pytoniq(tree: Any) -> Any:
    bits, children = tree
    builder = PytoniqBuilder().store_bits(bits)
    for child in children:
        builder = builder.store_ref(pytoniq(child))
    return builder.end_cell()


@given(TREES)
@settings(max_examples=60)
def test_two_other_libraries_find_the_same_hash(tree: Any) -> None:
    assert ours(tree).hash == bytes(tonsdk(tree).bytes_hash()) == pytoniq(tree).hash


@given(st.integers(0, (1 << 120) - 1), st.booleans())
def test_coins_and_addresses_are_written_as_pytoniq_writes_them(amount: int, is_master: bool) -> None:
    address = Address(-int(is_master), SOMEONE.hash)
    theirs = PytoniqBuilder().store_address(address.raw).store_coins(amount).end_cell()
    assert CellBuilder().address(address).coins(amount).build().hash == theirs.hash


@pytest.mark.parametrize("value", [-1, 256, 1.0, True, "1", None, b"\x01"])
def test_only_an_int_in_range_is_written(value: Any) -> None:
    with pytest.raises(InvariantBroken):
        CellBuilder().unsigned(value, bits=8)


@pytest.mark.parametrize("value", [-129, 128, 1.0, True])
def test_only_a_signed_int_in_range_is_written(value: Any) -> None:
    with pytest.raises(InvariantBroken):
        CellBuilder().signed(value, bits=8)


@pytest.mark.parametrize("value", [-1, 1 << 120, True, 1.5])
def test_only_whole_coins_below_their_limit_are_written(value: Any) -> None:
    with pytest.raises(InvariantBroken):
        CellBuilder().coins(value)


@pytest.mark.parametrize("value", ["ab", bytearray(2), [1, 2], 7])
def test_only_bytes_are_written_as_bytes(value: Any) -> None:
    with pytest.raises(InvariantBroken):
        CellBuilder().octets(value)


@pytest.mark.parametrize(("value", "written"), [(-128, 0x80), (-1, 0xFF), (0, 0), (127, 0x7F)])
def test_a_signed_int_is_twos_complement(value: int, written: int) -> None:
    assert CellBuilder().signed(value, bits=8).build().bits == written


def test_a_cell_takes_1023_bits_and_not_one_more() -> None:
    builder = CellBuilder().unsigned(0, bits=1023)
    with pytest.raises(InvariantBroken):
        builder.unsigned(0, bits=1)


def test_a_cell_takes_four_references_and_not_one_more() -> None:
    leaf = CellBuilder().build()
    builder = CellBuilder().reference(leaf).reference(leaf).reference(leaf).reference(leaf)
    with pytest.raises(InvariantBroken):
        builder.reference(leaf)


@pytest.mark.parametrize(
    ("bits", "bit_length", "children"), [(0, 1024, 0), (0, -1, 0), (2, 1, 0), (-1, 8, 0), (0, 0, 5)]
)
def test_a_cell_outside_the_limits_cannot_be_made(bits: int, bit_length: int, children: int) -> None:
    with pytest.raises(InvariantBroken):
        Cell(bits, bit_length, (Cell(0, 0),) * children)


def test_a_tree_grows_to_the_deepest_level_and_no_further() -> None:
    cell = CellBuilder().build()
    for _ in range(MAX_DEPTH):
        cell = CellBuilder().reference(cell).build()
    assert cell.depth == MAX_DEPTH
    with pytest.raises(InvariantBroken):
        CellBuilder().reference(cell).build()


def test_a_cell_with_a_hundred_levels_of_shared_children_costs_nothing_to_compare_or_show() -> None:
    def shared_tree() -> Cell:
        cell = CellBuilder().unsigned(1, bits=1).build()
        for _ in range(100):
            cell = Cell(0, 0, (cell, cell, cell, cell))
        return cell

    assert shared_tree() == shared_tree()
    assert len({shared_tree(), shared_tree()}) == 1
    assert len(repr(shared_tree())) < 200


def test_a_reader_gives_back_every_field_in_order() -> None:
    leaf = CellBuilder().unsigned(5, bits=3).build()
    cell = (
        CellBuilder().unsigned(9, bits=7).coins(1000).address(SOMEONE).octets(b"ab").reference(leaf).build()
    )
    reader = CellReader(cell)
    assert reader.unsigned(bits=7) == 9
    assert reader.coins() == 1000
    assert reader.address() == SOMEONE
    assert reader.octets(count=2) == b"ab"
    assert reader.reference() == leaf
    reader.finish()


def refuses(action: Any) -> None:
    with pytest.raises(Refused) as refusal:
        action()
    assert refusal.value.code == "invalid_cell"


def test_a_reader_refuses_to_read_past_the_end() -> None:
    reader = CellReader(CellBuilder().unsigned(1, bits=8).build())
    refuses(lambda: reader.unsigned(bits=9))
    refuses(reader.reference)
    refuses(reader.address)


def test_a_reader_refuses_what_is_left_over() -> None:
    refuses(CellReader(CellBuilder().unsigned(0, bits=1).build()).finish)
    refuses(CellReader(CellBuilder().reference(CellBuilder().build()).build()).finish)


@pytest.mark.parametrize(
    "cell",
    [
        CellBuilder().no_address().unsigned(0, bits=265).build(),
        CellBuilder().unsigned(0b101, bits=3).unsigned(0, bits=264).build(),
        CellBuilder().unsigned(0b100, bits=3).unsigned(1, bits=8).unsigned(0, bits=256).build(),
    ],
    ids=["addr_none", "anycast", "workchain 1"],
)
def test_a_reader_refuses_any_other_kind_of_address(cell: Cell) -> None:
    refuses(CellReader(cell).address)
