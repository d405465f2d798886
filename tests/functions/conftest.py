"""Fixtures of the functions' tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.functions.edge_app import EdgeUnderTest


@pytest.fixture
def event_loop_for_handlers() -> Iterator[asyncio.AbstractEventLoop]:
    """The current event loop, which Mangum and the ASGI client share in a test."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def edge(event_loop_for_handlers: asyncio.AbstractEventLoop) -> EdgeUnderTest:
    """A small function on the edge, ann's token in hand."""
    return EdgeUnderTest()
