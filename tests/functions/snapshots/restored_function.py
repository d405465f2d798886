"""The deployed handlers, each with questions of the tests about the process that runs it.

`tests.functions.snapshots.restored_function.battle` is a handler for the runtime: an event `{"ask": ...}` is answered
here, every other one by the battle function's own handler.
"""

from __future__ import annotations

import importlib
import os
import random  # noqa: TID251 - the libraries' chance is what is looked at
import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import snapshot_restore_py


def _chance() -> dict[str, Any]:
    """A draw from everything that gives this process random values."""
    from bson import ObjectId
    from pymongo.message import _randint

    from shared.bootstrap.chain import _jitter
    from shared.bootstrap.stores import new_id

    identifier = str(ObjectId())
    return {
        "process part of an ObjectId": identifier[8:18],
        "request id of a command": _randint(),
        "the global generator": random.random(),
        "attempt, nonce and audit record": new_id(),
        "jitter of a retry": [_jitter() for _ in range(4)],
        "request id of ours": uuid.uuid4().hex,
    }


def _run(hooks: list[Any]) -> None:
    for hook, arguments, named in hooks:
        hook(*arguments, **named)


BEFORE_SNAPSHOT: list[Any] = []
AFTER_RESTORE: list[Any] = []
"""The function's hooks, kept here because the runtime runs each once."""
QUESTIONS: Mapping[str, Callable[[], Any]] = {
    "chance": _chance,
    "modules": lambda: sorted(sys.modules),
    "process": os.getpid,
    "before the snapshot": lambda: _run(BEFORE_SNAPSHOT[::-1]),
    "after the restore": lambda: _run(AFTER_RESTORE),
}


def __getattr__(name: str) -> Callable[[Any, Any], Any]:
    """The runtime looks its handler up by name, which is when the function's module is loaded."""
    if name.startswith("_"):
        raise AttributeError(name)
    real = importlib.import_module(f"functions.{name}").handler
    BEFORE_SNAPSHOT[:] = snapshot_restore_py.get_before_snapshot()
    AFTER_RESTORE[:] = snapshot_restore_py.get_after_restore()

    def handler(event: Any, context: Any) -> Any:
        return QUESTIONS[event["ask"]]() if "ask" in event else real(event, context)

    return handler
