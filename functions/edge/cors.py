"""Which web pages may call: an exact allow-list, answered by the app and never by the gateway.

Sessions travel in the Authorization header, so credentials (cookies) are never allowed and no reply
carries Access-Control-Allow-Credentials. Protocol: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from functions.edge.exchange import Exchange, Scope, header
from functions.edge.problems import problem
from functions.edge.replies import Reply

METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS: Final = (
    "authorization, content-type, idempotency-key, if-match, x-request-id, x-telegram-init-data"
)
EXPOSED_HEADERS: Final = "RateLimit, RateLimit-Policy, Retry-After, Idempotent-Replayed, X-Request-Id, ETag"
PREFLIGHT_MAX_AGE_S: Final = 600


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks for permission before the real request."""
    return scope["method"] == "OPTIONS" and bool(header(scope, "access-control-request-method"))


def preflight_reply(scope: Scope, exchange: Exchange, *, origins: Collection[str]) -> Reply:
    """204 with the permissions for a listed origin; 403 `origin_not_allowed` without any for another."""
    if header(scope, "origin") not in origins:
        return problem(exchange, 403, code="origin_not_allowed", detail="This origin may not call the API")
    return Reply(
        204,
        headers={
            "access-control-allow-methods": METHODS,
            "access-control-allow-headers": REQUEST_HEADERS,
            "access-control-max-age": str(PREFLIGHT_MAX_AGE_S),
        },
    )


def cors_headers(scope: Scope, *, origins: Collection[str]) -> dict[str, str]:
    """What every reply carries: Vary always (caches), the permission only for a listed origin."""
    headers = {"vary": "Origin"}
    origin = header(scope, "origin")
    if origin in origins:
        headers["access-control-allow-origin"] = origin
        headers["access-control-expose-headers"] = EXPOSED_HEADERS
    return headers
