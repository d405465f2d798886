"""Reading toncenter's JSON: the rules that hold even when a provider lies about everything alike."""

from __future__ import annotations

from typing import Any

import pytest

from shared.adapters.toncenter_answers import BlockId, block_id, text, whole
from shared.domain.errors import Unavailable

BLOCK = {"workchain": -1, "shard": "-9223372036854775808", "seqno": 7, "root_hash": "r", "file_hash": "f"}


def test_a_masterchain_block_is_read_whole() -> None:
    assert block_id({"last": BLOCK}, "last") == BlockId(-1, "-9223372036854775808", 7, "r", "f")


@pytest.mark.parametrize(
    ("name", "value"),
    [("workchain", 0), ("seqno", 0), ("seqno", -1), ("root_hash", ""), ("file_hash", None), ("shard", 8)],
)
def test_any_other_block_is_a_doubt(name: str, value: Any) -> None:
    with pytest.raises(Unavailable):
        block_id({"last": BLOCK | {name: value}}, "last")


@pytest.mark.parametrize("value", [2**32, 2**70, -(2**31) - 1, 1.0, "1", True, None])
def test_a_number_is_one_that_the_network_and_the_database_can_hold(value: Any) -> None:
    """A provider that shows the same huge block everywhere must not end a run by what is then stored of it."""
    with pytest.raises(Unavailable):
        whole({"x": value}, "x")
    with pytest.raises(Unavailable):
        block_id({"last": BLOCK | {"seqno": value}}, "last")


@pytest.mark.parametrize("value", [0, -239, -(2**31), 2**32 - 1])
def test_every_number_of_the_network_is_read(value: int) -> None:
    assert whole({"x": value}, "x") == value


@pytest.mark.parametrize("document", [{"x": ""}, {"x": 7}, {"x": None}, {}, [], None, "x"])
def test_a_text_is_there_and_says_something(document: Any) -> None:
    with pytest.raises(Unavailable):
        text(document, "x")
