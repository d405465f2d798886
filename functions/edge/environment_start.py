"""What an execution environment does before its first event: build and judge everything, and again after a restore.

Apart from the HTTP entry, because the private functions must not pay for importing an HTTP adapter.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial

from shared.config.environment import process_environment
from shared.domain.errors import ArenaError


def prepare(
    wiring: Callable[[], object],
    *,
    forget: Callable[[], None] | None = None,
    load: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """On Lambda, build and judge everything during INIT, and again after a snapshot is restored.

    `load` loads what the first events would; it is called before a snapshot alone.
    """
    given = process_environment() if environment is None else environment
    if "AWS_LAMBDA_RUNTIME_API" not in given:
        return
    _start(wiring)
    rest_what_was_built()
    if given.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        from functions.edge.snapshot import register_snapshot_hooks

        register_snapshot_hooks(partial(_start, wiring), load=load, forget=forget)


def rest_what_was_built() -> None:
    """Let the collector work again, but not on what INIT made: it stays for the environment's life."""
    gc.freeze()
    gc.enable()


def _start(wiring: Callable[[], object]) -> None:
    """Run the readiness check; its refusal is one line in the log, and then the INIT's failure."""
    try:
        wiring()
    except ArenaError as error:
        line = {"level": "CRITICAL", "message": "init failed", "code": error.code, "detail": error.detail}
        print(json.dumps(line), file=sys.stderr, flush=True)  # noqa: T201 - no logger exists yet
        raise error.with_traceback(None) from None
