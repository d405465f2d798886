"""Reading toncenter's JSON: the rules that hold even when a provider lies about everything alike."""

from __future__ import annotations

from typing import Any

import pytest

from shared.adapters.toncenter_answers import BlockId, block_id, text
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


@pytest.mark.parametrize("document", [{"x": ""}, {"x": 7}, {"x": None}, {}, [], None, "x"])
def test_a_text_is_there_and_says_something(document: Any) -> None:
    with pytest.raises(Unavailable):
        text(document, "x")
