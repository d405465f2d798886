"""The claim function: escrow, signature and state of claims, and the vault that pays them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.edge.route_groups import RouteGroup
from shared.bootstrap.claim import claim_parts

if TYPE_CHECKING:
    from fastapi import APIRouter


def _claims() -> APIRouter:
    from functions.routes.claims import claims_router

    return claims_router(claim_parts)


GROUPS: Final = [RouteGroup(("/api/claims", "/api/vault"), _claims)]
app = create_app("claim", groups=GROUPS, wiring=claim_parts.edge)
handler = lambda_handler(
    app,
    wiring=claim_parts.edge,
    forget=claim_parts.forget,
    load=(app.load_routes, claim_parts),
    first_use=("boto3.session",),
)
