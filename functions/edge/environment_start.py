"""What an execution environment does before its first event: build and judge everything, and again after a restore.

Apart from the HTTP entry, because the private functions must not pay for importing an HTTP adapter.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Mapping

from shared.config.environment import process_environment
from shared.domain.errors import ArenaError


def prepare(
    wiring: Callable[[], object],
    *,
    forget: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """On Lambda, build and judge everything during INIT, and again after a snapshot is restored."""
    given = process_environment() if environment is None else environment
    if "AWS_LAMBDA_RUNTIME_API" not in given:
        return
    _start(wiring)
    rest_what_was_built()
    if given.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        _start_again_after_restore(wiring, forget)


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


def _start_again_after_restore(wiring: Callable[[], object], forget: Callable[[], None] | None) -> None:
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    if forget is not None:
        register_before_snapshot(forget)
        register_after_restore(forget)
    register_after_restore(_start, wiring)
