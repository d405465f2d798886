"""From a Lambda event to the ASGI application: Mangum, with readiness judged while the environment starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from mangum import Mangum

from functions.edge.environment_start import prepare

if TYPE_CHECKING:
    from functions.edge.replies import AsgiApp

TEXT_MEDIA_TYPES: Final = ("application/json", "application/problem+json", "text/")
"""What travels as text; Mangum would put problems into base64."""

_PORT_HEADERS: Final = frozenset({"host", "x-forwarded-port"})
Handler = Callable[[Any, Any], dict[str, Any]]


def lambda_handler(
    app: AsgiApp,
    *,
    wiring: Callable[[], object],
    forget: Callable[[], None] | None = None,
    load: Sequence[Callable[[], object]] = (),
    first_use: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Handler:
    """The function's Lambda entry; lifespan is off because a frozen environment has no shutdown.

    On Lambda `wiring` runs here, during INIT: a function that is not ready never serves, and the
    deployment fails instead of the players. Elsewhere (tests, Vercel, the OpenAPI command) importing
    a function asks for nothing; the app answers 503 `not_ready` instead. `forget` drops what a
    snapshot must not carry (sockets, secrets); after a restore it runs, and readiness runs again.
    `load` makes what requests would make on demand and `first_use` names modules that they load: a
    snapshot carries both.
    """

    def load_everything() -> None:
        from functions.edge.first_use import load_first_use

        load_first_use(first_use)
        for each in load:
            each()

    prepare(wiring, forget=forget, load=load_everything, environment=environment)

    @cache
    def adapter() -> Handler:
        """Built at the first event, because it makes an event loop."""
        mangum: Handler = Mangum(app, lifespan="off", text_mime_types=list(TEXT_MEDIA_TYPES))  # type: ignore[arg-type]  # it wants a coroutine function by name
        return mangum

    def handler(event: Any, context: Any) -> dict[str, Any]:
        return adapter()(_without_port(event), context)

    return handler


def _without_port(event: Any) -> Any:
    """The event without what Mangum reads a port from, which nothing of ours asks for.

    It would raise for text that is no number, before anything of ours could answer.
    """
    headers = event.get("headers") or {}
    kept = {name: value for name, value in headers.items() if name.lower() not in _PORT_HEADERS}
    return {**event, "headers": kept}
