"""Cursors come back as they were made, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.cursors import cursor_int, read_cursor, write_cursor
from shared.domain.errors import Refused


@given(st.dictionaries(st.text(max_size=8), st.integers(-(2**63), 2**63), max_size=5))
def test_a_position_survives_its_cursor(position: dict[str, int]) -> None:
    cursor = write_cursor("ledger", position)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    if len(cursor) <= 1_024:
        assert read_cursor("ledger", cursor) == position


@given(st.text(max_size=200))
def test_anything_else_is_refused_and_never_breaks(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_cursor("ledger", text)
    assert refused.value.code == "invalid_cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Refused):
        read_cursor("battles", write_cursor("ledger", {"seq": 1}))


@pytest.mark.parametrize("value", [True, -1, 11, "5", None, 1.0])
def test_a_number_out_of_bounds_is_refused(value: object) -> None:
    with pytest.raises(Refused):
        cursor_int({"seq": value}, "seq", low=0, high=10)
