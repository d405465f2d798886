"""The claim function: escrow, signature and state of claims, and the vault that pays them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.edge.app import create_app
from functions.edge.lambda_entry import lambda_handler
from functions.routes.claims import claims_router
from shared.bootstrap.claim import claim_parts

if TYPE_CHECKING:
    from shared.wiring import EdgeWiring


def wiring() -> EdgeWiring:
    """The claim function's edge, ready or refusing to be."""
    return claim_parts().edge


app = create_app("claim", routers=[claims_router(claim_parts)], wiring=wiring)
handler = lambda_handler(app, wiring=wiring, forget=claim_parts.forget, first_use=("boto3.session",))
