"""What the HTTP functions share: who asks, how often, in which form, and how answers and refusals look.

A function module is a router, an app and a handler; it holds no rule and no `try`::

    from functions.edge.app import create_app, edge_router
    from functions.edge.authentication import CurrentPlayer
    from functions.edge.blocking import run_blocking
    from functions.edge.idempotency import IdempotentCall
    from functions.edge.lambda_entry import lambda_handler
    from functions.edge.models import Amount, IdempotentBody, View
    from functions.edge.problems import refusals

    router = edge_router()

    class ClaimBody(IdempotentBody):
        amount: Amount

    class ClaimView(View):
        id: str
        amount: Amount

    @router.post("/api/claims", status_code=201, operation_id="createClaim",
                 responses=refusals("insufficient_funds", "claim_open"))
    async def create_claim(body: ClaimBody, player: CurrentPlayer, call: IdempotentCall) -> ClaimView:
        outcome = await run_blocking(
            request_claim, player.id, amount=parse_amount(body.amount),
            key=call.key, fingerprint=call.fingerprint)
        return ClaimView.model_validate(call.answer(outcome))

    app = create_app("claim", routers=[router], wiring=claim_wiring)
    handler = lambda_handler(app, wiring=claim_wiring, forget=forget)

`wiring` is a function of shared.bootstrap that returns a `shared.wiring.EdgeWiring`; it is
called once per request, so it caches. Every route of an `edge_router` is, in this order: authenticated
(if it asks for a CurrentPlayer), rate limited, its body judged, its fields judged, and only then run.
Refused and Unavailable raised by services become problem+json by themselves.

This package module imports nothing: the health function uses the light half (exchange, boundary,
problems, cors) and must not pay for FastAPI.
"""
