"""Boards of nothing, over a world in which nobody has played."""

from __future__ import annotations

import pytest

from tests.services.boards_world import Boards


@pytest.fixture
def boards() -> Boards:
    return Boards()
