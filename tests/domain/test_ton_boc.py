"""Bags of cells: written as others read them, read strictly, and every malformation refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from pytoniq_core import Cell as PytoniqCell
from tonsdk.boc import Cell as TonsdkCell

from shared.domain.errors import InvariantBroken, Refused
from shared.domain.ton.boc import MAX_BYTES, read_boc, read_boc_base64, write_boc, write_boc_base64
from shared.domain.ton.cell import Cell, CellBuilder
from tests.domain.test_ton_cell import TREES, ours, pytoniq, tonsdk

WALLETS = json.loads((Path(__file__).parents[1] / "data" / "wallet_state_inits.json").read_text())
LEAF = CellBuilder().unsigned(7, bits=12).build()
TREE = CellBuilder().unsigned(1, bits=8).reference(LEAF).reference(CellBuilder().build()).build()
# magic | no index, no checksum, one byte a number | offsets of one byte | cells, roots, absent | length | root
HEAD = bytes.fromhex("b5ee9c72 01 01")


def bag(cells: str, *, count: int, roots: int = 1, absent: int = 0, root: int = 0) -> bytes:
    body = bytes.fromhex(cells)
    return HEAD + bytes((count, roots, absent, len(body), root)) + body


@given(TREES)
@settings(max_examples=60)
def test_two_other_libraries_read_what_we_write(tree: Any) -> None:
    cell = ours(tree)
    octets = write_boc(cell)
    assert PytoniqCell.one_from_boc(octets).hash == cell.hash
    assert bytes(TonsdkCell.one_from_boc(octets).bytes_hash()) == cell.hash
    assert read_boc(octets) == cell


@given(TREES)
@settings(max_examples=60)
def test_we_read_what_two_other_libraries_write(tree: Any) -> None:
    expected = ours(tree)
    theirs = tonsdk(tree)
    for has_index in (False, True):
        for has_checksum in (False, True):
            assert read_boc(bytes(theirs.to_boc(has_index, has_checksum))) == expected
    assert read_boc(pytoniq(tree).to_boc()) == expected


@pytest.mark.parametrize("wallet", WALLETS, ids=lambda wallet: wallet["version"])
def test_real_wallets_state_inits_read_and_write_unchanged(wallet: dict[str, str]) -> None:
    cell = read_boc_base64(wallet["walletStateInit"])
    assert f"0:{cell.hash.hex()}" == wallet["address"]
    assert read_boc_base64(write_boc_base64(cell)) == cell


def test_a_cell_used_many_times_is_written_once() -> None:
    assert len(write_boc(Cell(0, 0, (LEAF, LEAF, LEAF, LEAF)))) < len(write_boc(Cell(0, 0, (LEAF,)))) + 4


def test_a_bag_of_more_than_255_cells_uses_wider_references() -> None:
    cell = LEAF
    for number in range(600):
        cell = CellBuilder().unsigned(number, bits=16).reference(cell).build()
    octets = write_boc(cell)
    assert read_boc(octets) == cell
    assert PytoniqCell.one_from_boc(octets).hash == cell.hash


def test_a_tree_larger_than_we_read_is_not_written() -> None:
    cell = LEAF
    for number in range(250):
        leaves = tuple(CellBuilder().unsigned(4 * number + i, bits=16).build() for i in range(3))
        cell = Cell(number, 16, (cell, *leaves))
    assert read_boc(write_boc(cell)) == cell
    for number in range(250, 260):
        leaves = tuple(CellBuilder().unsigned(4 * number + i, bits=16).build() for i in range(3))
        cell = Cell(number, 16, (cell, *leaves))
    with pytest.raises(InvariantBroken):
        write_boc(cell)


def test_a_bag_without_checksum_and_index_is_read() -> None:
    assert read_boc(bag("0100 01 0000", count=2)).depth == 1


def with_checksum(octets: bytes) -> bytes:
    """A correct bag's bytes with its last four made wrong."""
    return octets[:-1] + bytes((octets[-1] ^ 1,))


GOOD = write_boc(TREE)
MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "magic alone": GOOD[:4],
    "other magic": b"\x68\xff\x65\xf3" + GOOD[4:],
    "header cut": GOOD[:8],
    "body cut": GOOD[:-5],
    "byte added": GOOD + b"\0",
    "byte added without checksum": bag("0000", count=1) + b"\0",
    "checksum wrong": with_checksum(GOOD),
    "content changed under the checksum": GOOD[:12] + bytes((GOOD[12] ^ 1,)) + GOOD[13:],
    "no width": bytes.fromhex("b5ee9c72 00 01 01 01 00 02 00 0000"),
    "width 5": bytes.fromhex("b5ee9c72 05 01") + bytes(40),
    "offsets of 0 bytes": bytes.fromhex("b5ee9c72 01 00") + bytes(40),
    "offsets of 9 bytes": bytes.fromhex("b5ee9c72 01 09") + bytes(40),
    "cache bits without index": bytes.fromhex("b5ee9c72 21 01 01 01 00 02 00 0000"),
    "reserved flag": bytes.fromhex("b5ee9c72 09 01 01 01 00 02 00 0000"),
    "index cut": bytes.fromhex("b5ee9c72 81 01 01 01 00 02 00 0000"),
    "no cells": bag("", count=0),
    "two roots": bag("0000 0000", count=2, roots=2),
    "no root": bag("0000", count=1, roots=0),
    "absent cells": bag("0000", count=1, absent=1),
    "root outside": bag("0000", count=1, root=1),
    "root not first": bag("0000 0000", count=2, root=1),
    "fewer cells than said": bag("0000", count=2),
    "more cells than said": bag("0000 0000", count=1),
    "a cell nobody refers to": bag("0000 0000", count=2),
    "a cell refers to itself": bag("0100 00", count=1),
    "a cycle": bag("0100 01 0100 00", count=2),
    "a reference outside": bag("0100 02 0000", count=2),
    "five references": bag("0500 01 01 01 01 01 0000", count=2),
    "exotic": bag("0802 01", count=1),
    "level 1": bag("2000", count=1),
    "stored hashes": bag("1000", count=1),
    "absent cell marker": bag("1700", count=1),
    "data cut": bag("0004 01", count=1),
    "data cut before its completion tag": bag("0005 01", count=1),
    "reference cut": bag("0100", count=1),
    "no completion tag": bag("0001 00", count=1),
    "overlong completion tag": bag("0001 80", count=1),
}


@pytest.mark.parametrize("octets", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_bag_is_refused(octets: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read_boc(octets)
    assert refusal.value.code == "invalid_boc"


@pytest.mark.parametrize("text", [None, 5, b"te6c", "te6c!", "te6", "te6c\n", "tе6c", "A" * 200_000])
def test_text_that_is_not_a_bag_in_base64_is_refused(text: Any) -> None:
    with pytest.raises(Refused) as refusal:
        read_boc_base64(text)
    assert refusal.value.code == "invalid_boc"


def test_a_bag_over_the_callers_limits_is_refused() -> None:
    octets = write_boc(TREE)
    assert read_boc(octets, max_bytes=len(octets), max_cells=3) == TREE
    for limits in ({"max_bytes": len(octets) - 1}, {"max_cells": 2}):
        with pytest.raises(Refused):
            read_boc(octets, **limits)


def test_a_bag_deeper_than_1024_levels_is_refused() -> None:
    def chain(levels: int) -> bytes:
        links = b"".join(b"\x01\x00" + (i + 1).to_bytes(2, "big") for i in range(levels))
        body = links + b"\x00\x00"
        counts = (levels + 1).to_bytes(2, "big") + b"\0\1" + b"\0\0"
        return bytes.fromhex("b5ee9c720202") + counts + len(body).to_bytes(2, "big") + b"\0\0" + body

    assert read_boc(chain(1024), max_cells=2000).depth == 1024
    with pytest.raises(Refused) as refusal:
        read_boc(chain(1025), max_cells=2000)
    assert refusal.value.code == "invalid_boc"


def test_the_largest_bag_of_shared_cells_is_hashed_once_a_cell() -> None:
    """1,023 levels of four equal children are 4^1023 paths; only linear time finishes at all."""
    cell = LEAF
    for _ in range(1000):
        cell = Cell(0, 0, (cell, cell, cell, cell))
    octets = write_boc(cell)
    assert len(octets) < MAX_BYTES
    assert read_boc(octets) == cell


def test_url_safe_or_unpadded_base64_is_not_guessed() -> None:
    text = base64.b64encode(GOOD).decode()
    assert read_boc_base64(text) == TREE
    with pytest.raises(Refused):
        read_boc_base64(text.rstrip("=") + "-")
