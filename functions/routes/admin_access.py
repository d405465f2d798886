"""Which administrator asks, and whether their role may: declared at each route by the action it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Request, Security
from fastapi.openapi.models import HTTPBearer as HttpBearerScheme
from fastapi.security import SecurityScopes
from typing_extensions import override

from functions.edge.authentication import Authentication, credentials
from functions.edge.blocking import run_blocking
from functions.edge.client_address import client_address
from functions.edge.exchange import Exchange, exchange_of, header
from functions.edge.idempotency import KeyedCall, fingerprint_of
from shared.domain.admin_session import AdminToken
from shared.domain.admins import Action, Admin
from shared.domain.errors import Refused, ensure
from shared.services.admin_audit import Actor, RequestKey
from shared.wiring import AdminGate


@dataclass(frozen=True, slots=True)
class AdminCaller:
    """An administrator who may do what the route does, and where the request came from."""

    admin: Admin
    token: AdminToken
    request_id: str
    address: str

    @property
    def actor(self) -> Actor:
        """As the audit writes them down."""
        return Actor(self.admin, self.request_id, self.address)


def request_key(call: KeyedCall, *, revision: int | None = None) -> RequestKey:
    """The client's key and what it was sent with, the expected revision of If-Match included."""
    given = "" if revision is None else f":{revision}"
    return RequestKey(call.key, call.fingerprint + given)


def secret_request_key(request: Request, call: KeyedCall, **body: Any) -> RequestKey:
    """For a body with a password: the fingerprint is made of `body` alone, what may be known of it.

    A fingerprint is a fast hash that is kept for ever: a password in it could be guessed from it.
    """
    return RequestKey(call.key, fingerprint_of(request.method, request.url.path, body))


class AdminSession(Authentication):
    """`Authorization: Bearer <admin token>`; the route's security scope is its action in the permission table."""

    def __init__(self) -> None:
        self.scheme_name = "adminSession"
        self.model = HttpBearerScheme(
            bearerFormat="JWT", description="The token that POST /api/admin/login answers"
        )

    @override
    def authenticate(self, request: Request, exchange: Exchange) -> None:
        text = credentials(header(request.scope, "authorization"), scheme="bearer")
        if not text:
            raise Refused("Send Authorization: Bearer <admin token>", code="token_missing")
        now_s = exchange.wiring.clock.now_ms() // 1000
        exchange.identity = _gate(exchange).read_token(text, now_s=now_s)
        exchange.subject = f"admin:{exchange.identity.admin_id}"

    @override
    async def __call__(self, request: Request, scopes: SecurityScopes) -> Any:  # type: ignore[override]  # FastAPI hands over the scopes
        """The administrator, read anew: a session that was ended or a role that was lowered counts at once."""
        exchange = exchange_of(request.scope)
        ensure(len(scopes.scopes) == 1, "an admin route names the one action it needs")
        action = cast("Action", scopes.scopes[0])
        admin = await run_blocking(_gate(exchange).admit, exchange.identity, action)
        return AdminCaller(admin, exchange.identity, exchange.request_id, caller_address(request))


def caller_address(request: Request) -> str:
    """The client's address as the platform states it."""
    exchange = exchange_of(request.scope)
    return client_address(request.scope, platform_header=exchange.wiring.address_header)


def _gate(exchange: Exchange) -> AdminGate:
    gate = exchange.wiring.admin_gate
    ensure(gate is not None, "the function with admin routes holds the admin secrets")
    assert gate is not None  # noqa: S101 - said again for the type checker
    return gate


_SESSION = AdminSession()

InSession = Annotated[AdminCaller, Security(_SESSION, scopes=["session"])]
ReadsConfig = Annotated[AdminCaller, Security(_SESSION, scopes=["config.read"])]
ChangesConfig = Annotated[AdminCaller, Security(_SESSION, scopes=["config.change"])]
ChangesLimits = Annotated[AdminCaller, Security(_SESSION, scopes=["limits.change"])]
Pauses = Annotated[AdminCaller, Security(_SESSION, scopes=["game.pause"])]
Resumes = Annotated[AdminCaller, Security(_SESSION, scopes=["game.resume"])]
ReadsPlayers = Annotated[AdminCaller, Security(_SESSION, scopes=["players.read"])]
NotesPlayers = Annotated[AdminCaller, Security(_SESSION, scopes=["players.note"])]
BansPlayers = Annotated[AdminCaller, Security(_SESSION, scopes=["players.ban"])]
AdjustsPlayers = Annotated[AdminCaller, Security(_SESSION, scopes=["players.adjust"])]
ConfirmsAdjustments = Annotated[AdminCaller, Security(_SESSION, scopes=["adjustments.confirm"])]
ReadsClaims = Annotated[AdminCaller, Security(_SESSION, scopes=["claims.read"])]
DecidesClaims = Annotated[AdminCaller, Security(_SESSION, scopes=["claims.decide"])]
ReadsReports = Annotated[AdminCaller, Security(_SESSION, scopes=["reports.read"])]
Exports = Annotated[AdminCaller, Security(_SESSION, scopes=["exports.read"])]
ReadsAudit = Annotated[AdminCaller, Security(_SESSION, scopes=["audit.read"])]
ReadsAdmins = Annotated[AdminCaller, Security(_SESSION, scopes=["admins.read"])]
ChangesAdmins = Annotated[AdminCaller, Security(_SESSION, scopes=["admins.change"])]
