"""The one place that knows whether the platform runs one request at a time."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

is_only_request: Final[ContextVar[bool]] = ContextVar("is_only_request", default=False)
"""True on Lambda, which hands a process one event at a time; the boundary sets it per request."""


async def run_blocking(function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
    """Call a blocking service: inline on Lambda, where no other request waits, else in a thread.

    A thread costs about half a millisecond, and a blocked event loop costs everybody else everything.
    """
    if is_only_request.get():
        return function(*arguments, **named)
    return await asyncio.to_thread(functools.partial(function, *arguments, **named))
