"""From a Lambda event to the ASGI application: Mangum, with readiness judged while the environment starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from mangum import Mangum

from functions.edge.replies import AsgiApp
from shared.config.environment import process_environment
from shared.domain.errors import ArenaError

TEXT_MEDIA_TYPES: Final = ("application/json", "application/problem+json", "text/")
"""What travels as text; Mangum would put problems into base64."""

Handler = Callable[[Any, Any], dict[str, Any]]


def lambda_handler(
    app: AsgiApp,
    *,
    wiring: Callable[[], object],
    forget: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Handler:
    """The function's Lambda entry; lifespan is off because a frozen environment has no shutdown.

    On Lambda `wiring` runs here, during INIT: a function that is not ready never serves, and the
    deployment fails instead of the players. Elsewhere (tests, Vercel, the OpenAPI command) importing
    a function asks for nothing; the app answers 503 `not_ready` instead. `forget` drops what a
    snapshot must not carry (sockets, secrets); after a restore it runs, and readiness runs again.
    """
    prepare(wiring, forget=forget, environment=environment)

    @cache
    def adapter() -> Handler:
        """Built at the first event, because it makes an event loop."""
        mangum: Handler = Mangum(app, lifespan="off", text_mime_types=list(TEXT_MEDIA_TYPES))  # type: ignore[arg-type]  # it wants a coroutine function by name
        return mangum

    def handler(event: Any, context: Any) -> dict[str, Any]:
        return adapter()(event, context)

    return handler


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
    if given.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        _start_again_after_restore(wiring, forget)


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
