"""The edge from outside: every HTTP function answers browsers of the listed origins, and of none other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import httpx

from infra.ops.preflight.lines import CannotTell, Line, must
from infra.ops.preflight.stage import StageUnderCheck
from shared.config.forms import texts

# One path of every HTTP function: each has its own copy of the allow-list.
PATHS: Final = {
    "health": "/health",
    "battle": "/api/battle/modes",
    "economy": "/api/economy/me",
    "claim": "/api/vault",
    "admin": "/api/admin/me",
}
_TIMEOUT_S: Final = 10.0
_PERMISSION: Final = "access-control-allow-origin"


def api_is_alive(stage: StageUnderCheck) -> str:
    """GET /health answers 200, with the headers every reply carries."""
    with _client(stage) as client:
        reply = client.get("/health")
    must(reply.status_code == 200, f"/health answered {reply.status_code}")
    missing = [
        name
        for name in ("strict-transport-security", "x-content-type-options", "x-request-id")
        if name not in reply.headers
    ]
    must(not missing, f"/health answered without {', '.join(missing)}")
    return "alive"


def origins_are_exact(stage: StageUnderCheck) -> str:
    """A preflight request is granted to each listed origin and to no look-alike of it."""
    asked = 0
    with _client(stage) as client:
        for function, path in PATHS.items():
            listed = texts(stage.text(function, "CORS_ORIGIN"))
            for origin in listed:
                granted = _preflight(client, path, origin=origin)
                must(granted == origin, f"{function} grants a listed origin {granted or 'nothing'}")
            for origin in _strangers(listed):
                granted = _preflight(client, path, origin=origin)
                must(granted is None, f"{function} grants an origin that is not listed")
            asked += len(listed)
    return f"{asked} grants in {len(PATHS)} functions, strangers refused"


def _strangers(listed: tuple[str, ...]) -> Iterator[str]:
    yield from ("null", "https://evil.example", "http://localhost:1")
    for origin in listed:
        yield f"{origin}.evil.example"
        yield origin.replace("://", "://evil-")
        yield f"{origin}/"


def _preflight(client: httpx.Client, path: str, *, origin: str) -> str | None:
    reply = client.options(path, headers={"origin": origin, "access-control-request-method": "GET"})
    must(
        reply.headers.get("access-control-allow-credentials") is None,
        "credentials are allowed across origins",
    )
    granted: str | None = reply.headers.get(_PERMISSION)
    return granted


def _client(stage: StageUnderCheck) -> httpx.Client:
    if not stage.api_url:
        raise CannotTell("the stage is not deployed yet, or give --api-url")
    return httpx.Client(base_url=stage.api_url, timeout=_TIMEOUT_S)


LINES: Final = (
    Line("api", "API is alive", api_is_alive, is_of_stack=True),
    Line("cors", "CORS grants exactly the list", origins_are_exact, is_of_stack=True),
)
